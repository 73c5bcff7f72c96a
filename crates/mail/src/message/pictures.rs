//! How large pictures are, read from their first octets.

use outlink_model::tracker::PartRange;

use super::encoding::decode;

/// Encoded octets that hold the head of a PNG or GIF in any encoding.
const MAX_HEAD: usize = 200;

/// Width and height in pixels, where the picture is a PNG or GIF and says so.
pub(super) fn size(raw: &[u8], range: PartRange) -> (Option<u32>, Option<u32>) {
    let start = usize::try_from(range.offset).unwrap_or(usize::MAX);
    let length = usize::try_from(range.length).unwrap_or(0).min(MAX_HEAD);
    let encoded = raw.get(start..).unwrap_or_default();
    let head = decode(&encoded[..length.min(encoded.len())], range.encoding);
    match head.as_slice() {
        // The first chunk of a PNG is its header, with both as big-endian numbers.
        [0x89, b'P', b'N', b'G', _, _, _, _, _, _, _, _, b'I', b'H', b'D', b'R', rest @ ..] => {
            let number = |at: usize| {
                rest.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes)
            };
            (number(0), number(4))
        }
        [b'G', b'I', b'F', b'8', _, _, rest @ ..] => {
            let number = |at: usize| {
                rest.get(at..at + 2)
                    .and_then(|two| two.try_into().ok())
                    .map(|two| u32::from(u16::from_le_bytes(two)))
            };
            (number(0), number(2))
        }
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use outlink_model::tracker::TransferEncoding;

    use super::*;

    fn size_of(bytes: &[u8]) -> (Option<u32>, Option<u32>) {
        let range = PartRange {
            offset: 0,
            length: bytes.len() as u64,
            encoding: TransferEncoding::Identity,
        };
        size(bytes, range)
    }

    #[test]
    fn the_head_of_a_picture_tells_its_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08";
        assert_eq!(size_of(png), (Some(640), Some(480)));
        assert_eq!(size_of(b"GIF89a\x01\0\x02\0\x80"), (Some(1), Some(2)));
        assert_eq!(size_of(&png[..20]), (Some(640), None));
        assert_eq!(size_of(b"\xff\xd8\xff\xe0"), (None, None));
        assert_eq!(size_of(b""), (None, None));
    }
}
