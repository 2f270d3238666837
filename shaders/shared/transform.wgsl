// Number-theoretic transforms of lines of 64, 256, 1024 or 4096 numbers: residues of a polynomial.
//
// A line is a polynomial modulo z^n - c. With w^2 = c that is split into two, modulo z^(n/2) - w and
// z^(n/2) + w, and these are split again, down to the values of the polynomial at the roots. The
// splits make a tree: node 1 is the line, node h is split into nodes 2h and 2h + 1, and its w is
// root h of a table. No factor comes before or after. The way back takes the inverse roots. It
// gives the line times its length.
//
// Sixteen numbers are with each thread at a time: numbers 4i to 4i + 3 of them in vector i. Between
// two rounds they change hands through workgroup memory. The thread that writes to a place is the
// one that read it last, so that one barrier a round is enough.

alias Sixteen = array<vec4<u32>, 4>;

// The tables: roots in their order, the first one unused; then their parts; four to a vector.
@group(0) @binding(2) var<storage, read_write> roots: array<vec4<u32>>;

var<workgroup> line: array<u32, 4096>;

fn transposed(x: Sixteen) -> Sixteen {
    return Sixteen(
        vec4<u32>(x[0].x, x[1].x, x[2].x, x[3].x),
        vec4<u32>(x[0].y, x[1].y, x[2].y, x[3].y),
        vec4<u32>(x[0].z, x[1].z, x[2].z, x[3].z),
        vec4<u32>(x[0].w, x[1].w, x[2].w, x[3].w),
    );
}

// Two splits, by w of a node, of its first and of its second child. Below 8 primes, both ways.
fn split(x: Sixteen, own: Factor, first: Factor, second: Factor) -> Sixteen {
    let four = 4u * prime;
    let a = reduced(x[0]);
    let b = reduced(x[1]);
    let c = times(x[2], own);
    let d = times(x[3], own);
    let e = reduced(a + c);
    let f = times(b + d, first);
    let g = reduced(a + four - c);
    let h = times(b + four - d, second);
    return Sixteen(e + f, e + four - f, g + h, g + four - h);
}

// Takes back what split() with the inverse factors does, times 4. Below 4 primes, both ways.
fn join(x: Sixteen, own: Factor, first: Factor, second: Factor) -> Sixteen {
    let four = 4u * prime;
    let e = reduced(x[0] + x[1]);
    let f = times(x[0] + four - x[1], first);
    let g = reduced(x[2] + x[3]);
    let h = times(x[2] + four - x[3], second);
    return Sixteen(
        reduced(e + g),
        reduced(f + h),
        times(e + four - g, own),
        times(f + four - h, own),
    );
}

// Root number `node` of a table for `length` numbers, four times.
fn root(table: u32, length: u32, node: u32) -> Factor {
    let value = roots[table + node / 4u][node % 4u];
    let part = roots[table + (length + node) / 4u][node % 4u];
    return Factor(vec4<u32>(value), vec4<u32>(part));
}

// Roots 4 * `quad` to 4 * `quad` + 3.
fn four_roots(table: u32, length: u32, quad: u32) -> Factor {
    return Factor(roots[table + quad], roots[table + length / 4u + quad]);
}

// The even ones of eight roots, which stand in two fours; odd_roots() gives the others.
fn even_roots(a: Factor, b: Factor) -> Factor {
    return Factor(vec4<u32>(a.value.xz, b.value.xz), vec4<u32>(a.part.xz, b.part.xz));
}

fn odd_roots(a: Factor, b: Factor) -> Factor {
    return Factor(vec4<u32>(a.value.yw, b.value.yw), vec4<u32>(a.part.yw, b.part.yw));
}

// Four splits from `node` on.
fn split_four_times(x: Sixteen, table: u32, length: u32, node: u32) -> Sixteen {
    let first = root(table, length, 2u * node);
    let second = root(table, length, 2u * node + 1u);
    let halves = split(x, root(table, length, node), first, second);
    let a = four_roots(table, length, 2u * node);
    let b = four_roots(table, length, 2u * node + 1u);
    let own = four_roots(table, length, node);
    return transposed(split(transposed(halves), own, even_roots(a, b), odd_roots(a, b)));
}

// Takes back what split_four_times() with the inverse table does, times 16.
fn join_four_times(x: Sixteen, table: u32, length: u32, node: u32) -> Sixteen {
    let a = four_roots(table, length, 2u * node);
    let b = four_roots(table, length, 2u * node + 1u);
    let own = four_roots(table, length, node);
    let halves = transposed(join(transposed(x), own, even_roots(a, b), odd_roots(a, b)));
    let first = root(table, length, 2u * node);
    let second = root(table, length, 2u * node + 1u);
    return join(halves, root(table, length, node), first, second);
}

// Where a number is in workgroup memory: neighbours of threads are in different banks.
fn bank(place: u32) -> u32 {
    return place ^ (((place >> 4u) ^ (place >> 8u)) & 15u);
}

// Puts sixteen numbers at places that are `stride` apart.
fn put_down(x: Sixteen, first: u32, stride: u32) {
    line[bank(first)] = x[0].x;
    line[bank(first + stride)] = x[0].y;
    line[bank(first + 2u * stride)] = x[0].z;
    line[bank(first + 3u * stride)] = x[0].w;
    line[bank(first + 4u * stride)] = x[1].x;
    line[bank(first + 5u * stride)] = x[1].y;
    line[bank(first + 6u * stride)] = x[1].z;
    line[bank(first + 7u * stride)] = x[1].w;
    line[bank(first + 8u * stride)] = x[2].x;
    line[bank(first + 9u * stride)] = x[2].y;
    line[bank(first + 10u * stride)] = x[2].z;
    line[bank(first + 11u * stride)] = x[2].w;
    line[bank(first + 12u * stride)] = x[3].x;
    line[bank(first + 13u * stride)] = x[3].y;
    line[bank(first + 14u * stride)] = x[3].z;
    line[bank(first + 15u * stride)] = x[3].w;
}

// Four numbers at places that are `stride` apart.
fn four_of_line(first: u32, stride: u32) -> vec4<u32> {
    return vec4<u32>(
        line[bank(first)],
        line[bank(first + stride)],
        line[bank(first + 2u * stride)],
        line[bank(first + 3u * stride)],
    );
}

fn pick_up(first: u32, stride: u32) -> Sixteen {
    return Sixteen(
        four_of_line(first, stride),
        four_of_line(first + 4u * stride, stride),
        four_of_line(first + 8u * stride, stride),
        four_of_line(first + 12u * stride, stride),
    );
}

// Whether two splits of a line of 2^`bits` numbers are left over by splits in fours. They come
// first.
fn splits_left_over(bits: u32) -> bool {
    return (bits & 2u) != 0u;
}

// The first of a thread's numbers, `stride` apart, of those from `start` on: in blocks of 16 strides
// each, `thread` of which there are `stride` to a block.
fn first_place(start: u32, thread: u32, stride_bits: u32) -> u32 {
    let block = thread >> stride_bits;
    let own = thread & ((1u << stride_bits) - 1u);
    return start + (block << (stride_bits + 4u)) + own;
}

// The transform of a line of 2^`bits` numbers that lies from `start` on in workgroup memory.
// `thread`, of 2^(bits - 4), has the numbers `thread` + k * 2^(bits - 4) before, and the values
// 16 * `thread` + k after.
fn transform(x: Sixteen, table: u32, bits: u32, thread: u32, start: u32) -> Sixteen {
    let length = 1u << bits;
    var y: Sixteen;
    // The numbers of a block are split next.
    var block_bits = bits - 4u;
    var stride_bits = bits - 4u;
    if splits_left_over(bits) {
        let first = root(table, length, 2u);
        y = split(x, root(table, length, 1u), first, root(table, length, 3u));
        block_bits = bits - 2u;
    } else {
        y = split_four_times(x, table, length, 1u);
    }
    var place = start + thread;
    while block_bits > 0u {
        put_down(y, place, 1u << stride_bits);
        workgroupBarrier();
        stride_bits = block_bits - 4u;
        place = first_place(start, thread, stride_bits);
        let node = (1u << (bits - block_bits)) + (thread >> stride_bits);
        y = split_four_times(pick_up(place, 1u << stride_bits), table, length, node);
        block_bits = stride_bits;
    }
    return y;
}

// The way back, from below 4 primes to below 4 primes.
fn transform_back(x: Sixteen, table: u32, bits: u32, thread: u32, start: u32) -> Sixteen {
    let length = 1u << bits;
    var y = join_four_times(x, table, length, length / 16u + thread);
    var place = start + 16u * thread;
    var stride_bits = 0u;
    var block_bits = 4u;
    while block_bits < bits {
        put_down(y, place, 1u << stride_bits);
        workgroupBarrier();
        if block_bits + 4u <= bits {
            stride_bits = block_bits;
            block_bits += 4u;
            place = first_place(start, thread, stride_bits);
            let node = (1u << (bits - block_bits)) + (thread >> stride_bits);
            y = join_four_times(pick_up(place, 1u << stride_bits), table, length, node);
        } else {
            stride_bits = bits - 4u;
            block_bits = bits;
            place = start + thread;
            let first = root(table, length, 2u);
            let second = root(table, length, 3u);
            let own = root(table, length, 1u);
            y = join(pick_up(place, 1u << stride_bits), own, first, second);
        }
    }
    return y;
}
