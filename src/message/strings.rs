//! Where a run of plain string bytes ends. This is where a scan of long messages spends its time.
//!
//! Short runs go byte by byte: names and short values have much the same lengths from message to message, so the branches are predicted, and
//! the scan runs ahead of the loads. Looking at words is slower there (1.4 against 1.9 GB/s over records), as each string then waits for the
//! position that the one before it gave. Longer runs go by words, and long ones by `memchr`.

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
const BLANKS: u64 = u64::from_ne_bytes([b' '; 8]);

/// How many bytes are looked at one by one, and then how many words.
const SHORT_BYTES: usize = 12;
const SHORT_WORDS: usize = 3;

static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = is_special(byte as u8);
        byte += 1;
    }
    table
};

/// The index of the first quote, backslash or control byte at or after `at`, or the length of `bytes`.
#[inline(always)]
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    let near = bytes.len().min(at + SHORT_BYTES);
    while at < near {
        if SPECIAL[usize::from(bytes[at])] {
            return at;
        }
        at += 1;
    }
    medium_end(bytes, at)
}

#[inline(never)]
fn medium_end(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..SHORT_WORDS {
        match word(bytes, at).map(specials) {
            Some(0) => at += 8,
            Some(hits) => return at + first(hits),
            None => return tail_end(bytes, at),
        }
    }
    long_end(bytes, at)
}

/// In two looks: for what ends a string, which `memchr` has the widest vectors for, and for what may not stand in one.
#[inline(never)]
fn long_end(bytes: &[u8], at: usize) -> usize {
    let run = &bytes[at..];
    let run = &run[..memchr::memchr2(b'"', b'\\', run).unwrap_or(run.len())];
    if run.iter().fold(u8::MAX, |least, &byte| least.min(byte)) < b' ' {
        return tail_end(bytes, at);
    }
    at + run.len()
}

/// Fewer than eight bytes are left, or a control byte is among them.
#[cold]
fn tail_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && !is_special(bytes[at]) {
        at += 1;
    }
    at
}

#[inline(always)]
const fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < b' ')
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*chunk))
}

/// The high bit of each byte that is special. A borrow may set bits above the lowest one, never below it, so only the lowest counts.
#[inline(always)]
fn specials(word: u64) -> u64 {
    let quote = word ^ QUOTES;
    let backslash = word ^ BACKSLASHES;
    ((quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(BLANKS) & !word))
        & HIGHS
}

#[inline(always)]
fn first(hits: u64) -> usize {
    hits.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::plain_end;

    #[test]
    fn every_special_byte_is_found_at_every_position() {
        for special in 0..=255_u8 {
            for length in 0..120 {
                for fill in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xff] {
                    let mut bytes = vec![fill; length];
                    bytes.push(special);
                    // Up to 100 bytes behind, or a short way into the long run the special byte would be in no whole block.
                    bytes.resize(if length < 36 { length + 10 } else { 136 }, fill);
                    let is_special = special == b'"' || special == b'\\' || special < 0x20;
                    let want = if is_special { length } else { bytes.len() };
                    assert_eq!(
                        plain_end(&bytes, 0),
                        want,
                        "byte {special:#x} behind {length} of {fill:#x}"
                    );
                }
            }
        }
    }
}
