// From a float to fixed point, whose residues are exact, and from residues back to a float.
//
// A number in fixed point is less than 2^56; products with a kernel of 58 bits, and their sums, are
// less than 2^114, which is less than half of the product of the four primes.

// A whole number in two words, low word first, and its sign.
struct Fixed {
    words: vec2<u32>,
    negative: bool,
}

// The float of these bits where the largest has the exponent `largest`: times
// 2^(182 - largest), rounded; 0 if it is not finite.
fn fixed(bits: u32, largest: u32) -> Fixed {
    let exponent = max((bits >> 23u) & 0xffu, 1u);
    let mantissa = (bits & 0x7fffffu) | select(0u, 0x800000u, (bits & 0x7f800000u) != 0u);
    let below = largest - exponent;
    var words = vec2<u32>(0u);
    if exponent == 0xffu || below > 56u {
        words = vec2<u32>(0u);
    } else if below == 0u {
        words = vec2<u32>(0u, mantissa);
    } else if below < 32u {
        words = vec2<u32>(mantissa << (32u - below), mantissa >> below);
    } else if below == 32u {
        words = vec2<u32>(mantissa, 0u);
    } else {
        words = vec2<u32>((mantissa + (1u << (below - 33u))) >> (below - 32u), 0u);
    }
    return Fixed(words, (bits >> 31u) != 0u);
}

// Digits of the number below the product of four primes with these residues: it is
// x + p.x * (y + p.y * (z + p.z * w)) (Garner). `prime` is all four; inverse k is that of prime k
// modulo the ones behind it.
fn digits(residues: vec4<u32>, inverse_x: Factor, inverse_y: Factor, inverse_z: Factor) -> vec4<u32> {
    let two = 2u * prime;
    let x = residue(residues);
    let y = residue(times(x + two - vec4<u32>(x.x), inverse_x));
    let z = residue(times(y + two - vec4<u32>(y.y), inverse_y));
    let w = residue(times(z + two - vec4<u32>(z.z), inverse_z));
    return vec4<u32>(x.x, y.y, z.z, w.w);
}

// `words`, low word first, times `factor`, below 2^29, and `added` to it.
fn scaled(words: vec4<u32>, factor: u32, added: u32) -> vec4<u32> {
    let low = words * factor;
    let high = high_word(words, vec4<u32>(factor));
    let x = low.x + added;
    let to_y = high.x + u32(x < added);
    let y = low.y + to_y;
    let to_z = high.y + u32(y < to_y);
    let z = low.z + to_z;
    let to_w = high.z + u32(z < to_z);
    return vec4<u32>(x, y, z, low.w + to_w);
}

// The bits of the float nearest to `words`, low word first, times 2^(`exponent` - 127); the even one
// of two; 0 if it is not normal.
fn nearest_float(words: vec4<u32>, exponent: i32) -> u32 {
    var left = words;
    var leading = exponent + 127;
    for (var word = 0u; word < 3u && left.w == 0u; word++) {
        left = vec4<u32>(0u, left.xyz);
        leading -= 32;
    }
    if left.w == 0u {
        return 0u;
    }
    let shift = countLeadingZeros(left.w);
    leading -= i32(shift);
    if leading < 1 {
        return 0u;
    }
    if shift > 0u {
        left = (left << vec4<u32>(shift)) | (vec4<u32>(0u, left.xyz) >> vec4<u32>(32u - shift));
    }
    let mantissa = left.w >> 8u;
    let rest = left.w & 0xffu;
    let behind = (left.x | left.y | left.z) != 0u || (mantissa & 1u) != 0u;
    let up = rest > 0x80u || (rest == 0x80u && behind);
    return (u32(leading) << 23u) + (mantissa & 0x7fffffu) + u32(up);
}

// The bits of the float that is nearest to the number with these digits, which stands for one
// below 0 in the upper half.
fn float_of_digits(digits: vec4<u32>, exponent: i32) -> u32 {
    let negative = digits.w > prime.w / 2u;
    let d = select(digits, prime - 1u - digits, negative);
    var words = vec4<u32>(d.w, 0u, 0u, 0u);
    words = scaled(words, prime.z, d.z);
    words = scaled(words, prime.y, d.y);
    words = scaled(words, prime.x, d.x + u32(negative));
    return nearest_float(words, exponent) | select(0u, 0x80000000u, negative);
}
