// Float32 times float64, as the host rounds it: to float64, and that to float32. In integers, which
// every device has exactly; Rust's is f64::from(value) * factor as f32.

// A float64 above 0: (high 2^32 + low) 2^(exponent - 52), of 53 bits; or 0, without any.
struct Factor {
    high: u32,
    low: u32,
    exponent: i32,
}

// The bits of the float32 with these `bits` times `factor`; what is not finite stays what it is.
fn scaled(bits: u32, factor: Factor) -> u32 {
    let sign = bits & 0x80000000u;
    var digits = bits & 0x7fffffu;
    var exponent = i32((bits >> 23u) & 0xffu) - 127;
    if exponent == 128 || (digits == 0u && exponent == -127) {
        return bits;
    }
    if factor.high == 0u {
        return sign;
    }
    if exponent == -127 {
        // Subnormal: its first digit is further down.
        let shift = countLeadingZeros(digits) - 8u;
        digits <<= shift;
        exponent = -126 - i32(shift);
    } else {
        digits |= 0x800000u;
    }

    // The product of the digits, 12 bits a place: 76 or 77 bits in all.
    let a0 = digits & 0xfffu;
    let a1 = digits >> 12u;
    let b0 = factor.low & 0xfffu;
    let b1 = (factor.low >> 12u) & 0xfffu;
    let b2 = (factor.low >> 24u) | ((factor.high & 0xfu) << 8u);
    let b3 = (factor.high >> 4u) & 0xfffu;
    let b4 = factor.high >> 16u;
    let c0 = a0 * b0;
    let c1 = a0 * b1 + a1 * b0 + (c0 >> 12u);
    let c2 = a0 * b2 + a1 * b1 + (c1 >> 12u);
    let c3 = a0 * b3 + a1 * b2 + (c2 >> 12u);
    let c4 = a0 * b4 + a1 * b3 + (c3 >> 12u);
    let c5 = a1 * b4 + (c4 >> 12u);

    // Its first 53 bits, and the 24 that follow.
    var high = ((c4 & 0xfffu) >> 8u) | (c5 << 4u);
    var low = (c2 & 0xfffu) | ((c3 & 0xfffu) << 12u) | (c4 << 24u);
    var rest = ((c1 & 0xfffu) << 12u) | (c0 & 0xfffu);
    exponent += factor.exponent + 1;
    if high < 0x100000u {
        high = (high << 1u) | (low >> 31u);
        low = (low << 1u) | (rest >> 23u);
        rest = (rest << 1u) & 0xffffffu;
        exponent -= 1;
    }
    if rest > 0x800000u || (rest == 0x800000u && (low & 1u) == 1u) {
        low += 1u;
        high += u32(low == 0u);
    }

    // To 24 bits, and fewer where the result is subnormal.
    if exponent > 127 {
        return sign | 0x7f800000u;
    }
    let dropped = 29u + u32(max(-126 - exponent, 0));
    if dropped > 53u {
        return sign;
    }
    var kept = 0u;
    var sticky = false;
    if dropped < 32u {
        kept = (high << (32u - dropped)) | (low >> dropped);
        rest = low << (32u - dropped);
    } else if dropped == 32u {
        kept = high;
        rest = low;
    } else {
        kept = high >> (dropped - 32u);
        rest = (high << (64u - dropped)) | (low >> (dropped - 32u));
        sticky = (low << (64u - dropped)) != 0u;
    }
    if rest > 0x80000000u || (rest == 0x80000000u && (sticky || (kept & 1u) == 1u)) {
        kept += 1u;
    }
    // The first digit of a normal number adds 1 to the exponent, and a carry another.
    return sign | ((u32(max(exponent, -126) + 126) << 23u) + kept);
}
