// Miller indices of a tile's centre in fixed point: integers are exact on every device, and no
// compiler may reorder them away.
//
// A number is a row of balanced base-4096 digits (each -2048 to 2048, the first of a Factor up to
// 4096), so that signs need no care and the sum of a dozen products of digits fits an i32:
//
//   Factor  a, |a| <= 1      digits of weight 2^-12 2^-24 2^-36 2^-48
//   Wide    q, |q| < 2^23    digits of weight 2^12 1 2^-12 2^-24 2^-36

struct Wide {
    head: vec4<i32>,
    tail: i32,
}

// Columns of a product or of a sum of products, of weight 1 2^-12 2^-24 2^-36 2^-48.
struct Columns {
    head: vec4<i32>,
    tail: i32,
}

// A number split into its nearest integer and the rest, -1/2 to 1/2, which balanced digits exceed
// by up to 1/8190.
struct Split {
    whole: i32,
    fraction: f32,
}

// The two signed halves of a word.
fn halves(word: u32) -> vec2<i32> {
    return vec2<i32>(bitcast<i32>(word << 16u) >> 16u, bitcast<i32>(word) >> 16u);
}

// What rounds off to the digit in front.
fn carry(column: i32) -> i32 {
    return (column + 2048) >> 12u;
}

// The product of a Factor and a Wide number; columns below 2^-48 are left out.
fn fixed_product(a: vec4<i32>, q: Wide) -> Columns {
    let h = q.head;
    return Columns(
        vec4<i32>(
            a.x * h.x,
            a.x * h.y + a.y * h.x,
            a.x * h.z + a.y * h.y + a.z * h.x,
            a.x * h.w + a.y * h.z + a.z * h.y + a.w * h.x,
        ),
        a.x * q.tail + a.y * h.w + a.z * h.z + a.w * h.y,
    );
}

// The digits of columns of weight 1 2^-12 2^-24 2^-36 2^-48 less a Wide number.
fn fixed_difference(columns: Columns, subtracted: Wide) -> Wide {
    let fourth = columns.head.w - subtracted.tail + carry(columns.tail);
    let third = columns.head.z - subtracted.head.w + carry(fourth);
    let second = columns.head.y - subtracted.head.z + carry(third);
    let first = columns.head.x - subtracted.head.y + carry(second);
    let top = carry(first) - subtracted.head.x;
    return Wide(
        vec4<i32>(
            top,
            first - (carry(first) << 12u),
            second - (carry(second) << 12u),
            third - (carry(third) << 12u),
        ),
        fourth - (carry(fourth) << 12u),
    );
}

// a.x * q.x + a.y * q.y + a.z * q.z, split; the fraction is rounded once, here.
fn fixed_dot(
    ax: vec4<i32>, ay: vec4<i32>, az: vec4<i32>,
    qx: Wide, qy: Wide, qz: Wide,
) -> Split {
    let x = fixed_product(ax, qx);
    let y = fixed_product(ay, qy);
    let z = fixed_product(az, qz);
    let head = x.head + y.head + z.head;
    let third = head.w + carry(x.tail + y.tail + z.tail);
    let second = head.z + carry(third);
    let first = head.y + carry(second);
    let digits = vec3<i32>(
        first - (carry(first) << 12u),
        second - (carry(second) << 12u),
        third - (carry(third) << 12u),
    );
    let fraction = f32(digits.x) * 0x1p-12 + (f32(digits.y) * 0x1p-24 + f32(digits.z) * 0x1p-36);
    return Split(head.x + carry(first), fraction);
}

// The Factor whose four digits two words hold.
fn factor(words: vec2<u32>) -> vec4<i32> {
    return vec4<i32>(halves(words.x), halves(words.y));
}

// The Wide number whose five digits three words hold.
fn wide(words: vec3<u32>) -> Wide {
    return Wide(factor(words.xy), halves(words.z).x);
}

// A Factor as the nearest float32.
fn factor_value(a: vec4<i32>) -> f32 {
    return f32(a.x) * 0x1p-12 + (f32(a.y) * 0x1p-24 + f32(a.z) * 0x1p-36);
}

// A Wide number as the nearest float32.
fn wide_value(q: Wide) -> f32 {
    return f32(q.head.x) * 0x1p12
        + (f32(q.head.y) + (f32(q.head.z) * 0x1p-12 + f32(q.head.w) * 0x1p-24));
}
