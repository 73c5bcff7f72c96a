//! tmp
fn main() {
    for f in std::env::args().skip(1) {
        let raw = std::fs::read(&f).unwrap_or_default();
        let t = std::time::Instant::now();
        let p = outlink_mail::message::parse(&raw);
        let el = t.elapsed();
        let name = f.rsplit('/').next().unwrap_or_default();
        match p {
            Ok(p) => {
                let head: String = p.text.chars().take(90).collect();
                println!(
                    "## {name} {el:?} from={:?} to={} subj={:?} date={:?} id={:?} refs={} auto={:?} text[{}]={head:?} reply={}",
                    p.from.map(|a| format!("{}|{}", a.name, a.address)),
                    p.to.len(),
                    p.subject,
                    p.date.map(|d| d.to_string()),
                    p.message_id,
                    p.references.len(),
                    p.automatic,
                    p.text.len(),
                    p.reply.len()
                );
                for a in &p.attachments {
                    println!(
                        "     {:?} {} {} {} {:?}",
                        a.name, a.media_type, a.size, a.inline, a.range.encoding
                    );
                }
            }
            Err(e) => println!("## {name} {e}"),
        }
    }
}
