//! Durations and sizes as people write them.

use std::time::Duration;

/// A duration, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<Duration>);

/// `500ms`, `2s`, `5m`, `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no duration: write a whole number with a unit, such as 500ms, 2s, 5m or 1h");
    let (number, unit) = split(text).ok_or_else(bad)?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err(bad()),
    };
    millis
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is out of range: give at least 1ms"))
}

/// A duration, or `none`.
pub(crate) fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit(None)),
        _ => duration(text)
            .map(|limit| Limit(Some(limit)))
            .map_err(|error| format!("{error}, or none")),
    }
}

/// Bytes as a plain number, or with `KiB`, `MiB` or `GiB`. At least 1 KiB, less than 4 GiB, which is the most that one message can have.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let bad = || format!("{text:?} is no size: write bytes as a whole number, or with a unit, such as 512KiB or 4MiB");
    let (number, unit) = split(text).ok_or_else(bad)?;
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(bad()),
    };
    number
        .checked_mul(1 << shift)
        .filter(|bytes| (1 << 10..1 << 32).contains(bytes))
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("{text:?} is out of range: give at least 1KiB, and less than 4GiB"))
}

/// The number in front, and what follows it.
fn split(text: &str) -> Option<(u64, &str)> {
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::{Limit, duration, limit, size};
    use std::time::Duration;

    #[test]
    fn durations_are_whole_numbers_with_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for bad in [
            "",
            "5",
            "s",
            "1.5s",
            "-1s",
            "2 s",
            "2d",
            "0s",
            "18446744073709551615h",
            "99999999999999999999s",
        ] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn limit_may_be_lifted() {
        assert_eq!(limit("none"), Ok(Limit(None)));
        assert_eq!(limit("2s"), Ok(Limit(Some(Duration::from_secs(2)))));
        assert!(limit("never").unwrap_err().ends_with("or none"));
    }

    #[test]
    fn sizes_are_bytes_or_binary_multiples() {
        assert_eq!(size("1024"), Ok(1024));
        assert_eq!(size("512KiB"), Ok(512 << 10));
        assert_eq!(size("4MiB"), Ok(4 << 20));
        assert_eq!(size("3GiB"), Ok(3 << 30));
        for bad in [
            "",
            "4MB",
            "4 MiB",
            "1.5MiB",
            "0",
            "1023",
            "4GiB",
            "-1",
            "18014398509481984KiB",
        ] {
            assert!(size(bad).is_err(), "{bad:?}");
        }
    }
}
