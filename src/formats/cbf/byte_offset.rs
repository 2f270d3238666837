//! Byte-offset compression: each number as its difference from the one before, the first from 0.
//!
//! A difference takes one byte; one that does not fit is announced by the least number that would,
//! and follows in two bytes, by the same rule in four, and at last in eight, little-endian. Numbers
//! count round the end of their type, so that eight bytes are all but never needed: fabio, for one,
//! does not read them.

/// `counts`, packed.
pub fn pack(counts: &[i32]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(counts.len() + counts.len() / 8);
    let mut before = 0;
    for &count in counts {
        let step = count.wrapping_sub(before);
        before = count;
        let size = step.unsigned_abs();
        // Each width's least number announces the next width.
        if size <= i8::MAX as u32 {
            packed.push(step as u8);
            continue;
        }
        packed.extend(i8::MIN.to_le_bytes());
        if size <= i16::MAX as u32 {
            packed.extend((step as i16).to_le_bytes());
            continue;
        }
        packed.extend(i16::MIN.to_le_bytes());
        if size <= i32::MAX as u32 {
            packed.extend(step.to_le_bytes());
            continue;
        }
        packed.extend(i32::MIN.to_le_bytes());
        packed.extend(i64::from(step).to_le_bytes());
    }
    packed
}

/// The first `count` numbers in `packed`, not counted round any end; `None` when it ends before.
pub fn unpack(packed: &[u8], count: usize) -> Option<Vec<i64>> {
    // A number takes a byte at least.
    if count > packed.len() {
        return None;
    }
    let mut numbers = Vec::with_capacity(count);
    let mut rest = packed;
    let mut number = 0_i64;
    for _ in 0..count {
        let mut step = i64::from(i8::from_le_bytes(take(&mut rest)?));
        if step == i64::from(i8::MIN) {
            step = i16::from_le_bytes(take(&mut rest)?).into();
            if step == i64::from(i16::MIN) {
                step = i32::from_le_bytes(take(&mut rest)?).into();
                if step == i64::from(i32::MIN) {
                    step = i64::from_le_bytes(take(&mut rest)?);
                }
            }
        }
        number = number.wrapping_add(step);
        numbers.push(number);
    }
    Some(numbers)
}

/// The first `N` bytes of `rest`, which then starts behind them.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_take_the_bytes_that_they_need() {
        assert_eq!(pack(&[1, -1, 126]), [1, 254, 127]);
        assert_eq!(pack(&[-128]), [0x80, 0x80, 0xff]);
        assert_eq!(pack(&[-32768]), [0x80, 0, 0x80, 0, 0x80, 0xff, 0xff]);
        let round_the_end = pack(&[i32::MAX, i32::MIN]);
        assert_eq!(round_the_end.len(), 1 + 2 + 4 + 1);
        assert_eq!(pack(&[i32::MIN]).len(), 1 + 2 + 4 + 8);
    }

    #[test]
    fn numbers_come_back() {
        let edges = [127, 128, 129, 32767, 32768, 65535, i32::MAX];
        let counts: Vec<i32> = edges.iter().flat_map(|&edge| [edge, -edge, 0, 1]).collect();
        let counts = [counts, vec![i32::MIN, i32::MAX, i32::MIN]].concat();
        let packed = pack(&counts);
        let found = unpack(&packed, counts.len()).unwrap();
        let found: Vec<i32> = found.iter().map(|&number| number as i32).collect();
        assert_eq!(found, counts);
        for length in 0..packed.len() {
            assert_eq!(unpack(&packed[..length], counts.len()), None);
        }
        assert_eq!(unpack(&packed, usize::MAX), None);
    }
}
