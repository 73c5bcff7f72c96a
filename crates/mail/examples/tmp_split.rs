//! tmp
fn main() {
    for f in std::env::args().skip(1) {
        let raw = std::fs::read(&f).unwrap_or_default();
        let t = std::time::Instant::now();
        let p = if f.ends_with(".txt") {
            let mut m = b"Content-Type: text/plain; charset=utf-8\n\n".to_vec();
            m.extend(raw);
            outlink_mail::message::parse(&m)
        } else {
            outlink_mail::message::parse(&raw)
        };
        let el = t.elapsed();
        println!("##### {f} {el:?}");
        match p {
            Ok(p) => {
                if f.ends_with(".txt") {
                    println!("{}", p.reply)
                } else {
                    println!("{p:#?}")
                }
            }
            Err(e) => println!("{e}"),
        }
    }
}
