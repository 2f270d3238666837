// Light that spreads on the detector: the exact convolution of a panel with a point spread, by
// number-theoretic transforms. docs/noise.md explains it; src/gpu/spread has the host's part.
//
// A row of the panel is a polynomial modulo z^N + 1, where N is long enough for nothing to come
// back at the other side. It has branches, modulo z^length - c for each c whose power B = N / length
// is -1, and a branch is transformed as one line. Columns are done in the same way. A branch and the
// one with 1 / c have the same values of the kernel, for the kernel is even: conjugate branches are
// a pair, of which the second takes the inverse roots where the first takes the roots.

// A pass over some lines, for one prime; `prime` has it four times, but for combine().
struct Task {
    prime: vec4<u32>,
    // For combine(): Factors whose parts follow them.
    inverses: array<vec4<u32>, 6>,
    // floor(2^60 / prime)
    reciprocal: u32,
    // What the kernel's values are multiplied with, and its part.
    scale: u32,
    scale_part: u32,
    // Where numbers come from: PIXELS, PARTS or SOURCE.
    origin: u32,
    // Whether a line is even and goes on beyond its middle.
    even: u32,
    // The first line, and what is behind the last.
    first_line: u32,
    end_line: u32,
    // Threads whose neighbours are on other lines: columns.
    down: u32,
    // Numbers of a line in workgroup memory, 2^bits, and those that the panel has of a line.
    bits: u32,
    count: u32,
    // Branches of a line; those from first_branch to before end_branch are done.
    branches: u32,
    first_branch: u32,
    end_branch: u32,
    // Where the tables of roots begin, and those of powers of c.
    tables: u32,
    powers: u32,
    // Words from one line of the panel to the next, and from one number to the next.
    line_pitch: u32,
    pitch: u32,
    // Words from one row of transforms to the next, and of the kernel's values.
    row_pitch: u32,
    kernel_pitch: u32,
    // length / 32 where the branch of the rows is its own conjugate, else 0.
    row_half: u32,
}

// What a step finds of the panel.
struct Panel {
    // Bits of the largest finite absolute value.
    largest: atomic<u32>,
    // The panel's first pixel.
    first: u32,
}

const PIXELS = 0u;
const PARTS = 1u;
const SOURCE = 2u;
const THREADS = 256u;
const FINITE = 0x7f800000u;

@group(0) @binding(0) var<storage, read> task: Task;
// Bits of floats; for the kernel the low words of its parts.
@group(0) @binding(1) var<storage, read_write> pixels: array<u32>;
// Where numbers come from; for the kernel the high words of its parts.
@group(0) @binding(3) var<storage, read_write> origin: array<u32>;
@group(0) @binding(4) var<storage, read_write> outcome: array<u32>;
@group(0) @binding(5) var<storage, read_write> kernel_values: array<u32>;
@group(0) @binding(6) var<storage, read_write> panel: Panel;
// The convolution modulo each prime.
@group(0) @binding(2) var<storage, read_write> residues_x: array<u32>;
@group(0) @binding(3) var<storage, read_write> residues_y: array<u32>;
@group(0) @binding(4) var<storage, read_write> residues_z: array<u32>;
@group(0) @binding(5) var<storage, read_write> residues_w: array<u32>;

// A thread's place: its line, its number among those of the line, and where the line begins in
// workgroup memory.
struct Seat {
    line: u32,
    thread: u32,
    start: u32,
}

// One of two conjugate branches.
struct Branch {
    // Number of the pair.
    pair: u32,
    // 1 for the second of the pair.
    conjugate: u32,
    // Whether it is its own conjugate.
    single: bool,
}

fn seat_of(group: u32, thread: u32) -> Seat {
    // Threads of a line, and lines of a group.
    let threads = task.bits - 4u;
    let lines = 12u - task.bits;
    var own = vec2<u32>(thread >> threads, thread & ((1u << threads) - 1u));
    if task.down != 0u {
        own = vec2<u32>(thread & ((1u << lines) - 1u), thread >> lines);
    }
    return Seat(task.first_line + (group << lines) + own.x, own.y, own.x << task.bits);
}

fn branch_of(number: u32) -> Branch {
    let other = task.branches - 1u - number;
    return Branch(min(number, other), u32(number > other), number == other);
}

// The table of roots of a pair's first branch, or of the inverse roots.
fn table_of(branch: Branch, inverse: u32) -> u32 {
    return task.tables + (2u * branch.pair + (branch.conjugate ^ inverse)) * (1u << (task.bits - 1u));
}

// Power `k` of c, or of 1 / c, with its part; and that times 2^32.
fn power(branch: Branch, inverse: u32, k: u32) -> vec4<u32> {
    let table = 2u * branch.pair + (branch.conjugate ^ inverse);
    return roots[task.powers + table * task.branches + k];
}

// Number `at` of a line. An even line has its second half from the end on, and there z^N is -1.
fn number(line: u32, at: u32) -> Fixed {
    var distance = at;
    var negative = false;
    if task.even != 0u && at >= task.count {
        distance = (task.branches << task.bits) - at;
        negative = true;
    }
    if line >= task.end_line || distance >= task.count {
        return Fixed(vec2<u32>(0u), false);
    }
    let place = line * task.line_pitch + distance * task.pitch;
    if task.origin == PIXELS {
        return fixed(pixels[panel.first + place], largest_exponent());
    }
    if task.origin == PARTS {
        return Fixed(vec2<u32>(pixels[place], origin[place]), negative);
    }
    return Fixed(vec2<u32>(origin[place], 0u), negative);
}

// The exponent of the largest value.
fn largest_exponent() -> u32 {
    return max(atomicLoad(&panel.largest) >> 23u, 1u);
}

// `sum`, and numbers of a line that are a stride apart, the first at `at`, times a power of c.
// Below 4 primes.
fn folded(sum: vec4<u32>, line: u32, at: u32, power: vec4<u32>) -> vec4<u32> {
    let stride = 1u << (task.bits - 4u);
    let a = number(line, at);
    let b = number(line, at + stride);
    let c = number(line, at + 2u * stride);
    let d = number(line, at + 3u * stride);
    let low = vec4<u32>(a.words.x, b.words.x, c.words.x, d.words.x);
    var x = times(low, Factor(vec4<u32>(power.x), vec4<u32>(power.y)));
    if task.origin != SOURCE {
        let high = vec4<u32>(a.words.y, b.words.y, c.words.y, d.words.y);
        x = reduced(x + times(high, Factor(vec4<u32>(power.z), vec4<u32>(power.w))));
    }
    let negative = vec4<bool>(a.negative, b.negative, c.negative, d.negative);
    return reduced(sum + select(x, 4u * prime - x, negative));
}

// A thread's numbers of a line modulo z^length - c.
fn numbers(seat: Seat, branch: Branch) -> Sixteen {
    var x: Sixteen;
    let quarter = 1u << (task.bits - 2u);
    let all = select(task.count, (task.branches << task.bits), task.even != 0u);
    for (var k = 0u; (k << task.bits) < all; k++) {
        let c = power(branch, 0u, k);
        let at = seat.thread + (k << task.bits);
        x[0] = folded(x[0], seat.line, at, c);
        x[1] = folded(x[1], seat.line, at + quarter, c);
        x[2] = folded(x[2], seat.line, at + 2u * quarter, c);
        x[3] = folded(x[3], seat.line, at + 3u * quarter, c);
    }
    return x;
}

// Adds a number to number `at` of a line, or begins with it.
fn add_number(x: u32, line: u32, at: u32, begin: bool) {
    if line < task.end_line && at < task.count {
        let place = line * task.line_pitch + at * task.pitch;
        var sum = x;
        if !begin {
            sum = reduced(vec4<u32>(sum + outcome[place])).x;
        }
        outcome[place] = sum;
    }
}

// Adds four numbers of a line, a stride apart.
fn add_four(x: vec4<u32>, line: u32, at: u32, begin: bool) {
    let stride = 1u << (task.bits - 4u);
    add_number(x.x, line, at, begin);
    add_number(x.y, line, at + stride, begin);
    add_number(x.z, line, at + 2u * stride, begin);
    add_number(x.w, line, at + 3u * stride, begin);
}

// Adds what a branch has of a line to the line.
fn unfold(x: Sixteen, seat: Seat, branch: Branch, begin: bool) {
    let quarter = 1u << (task.bits - 2u);
    for (var k = 0u; (k << task.bits) < task.count; k++) {
        let inverse = power(branch, 1u, k);
        let c = Factor(vec4<u32>(inverse.x), vec4<u32>(inverse.y));
        let at = seat.thread + (k << task.bits);
        add_four(times(x[0], c), seat.line, at, begin);
        add_four(times(x[1], c), seat.line, at + quarter, begin);
        add_four(times(x[2], c), seat.line, at + 2u * quarter, begin);
        add_four(times(x[3], c), seat.line, at + 3u * quarter, begin);
    }
}

// A place among a branch's values without the bit that tells a value from its conjugate's.
fn without_bit(place: u32, half: u32) -> u32 {
    if half == 0u {
        return place;
    }
    return (place & (half - 1u)) | ((place >> 1u) & ~(half - 1u));
}

// Where the kernel's value number `k` of a thread is.
fn kernel_place(seat: Seat, branch: Branch, k: u32) -> u32 {
    let row = seat.thread + k * (1u << (task.bits - 4u));
    let half = select(0u, 1u << (task.bits - 5u), branch.single);
    return ((branch.pair << task.bits) + without_bit(row, half)) * task.kernel_pitch
        + without_bit(seat.line, task.row_half);
}

// The kernel's values k to k + 3.
fn kernel_four(seat: Seat, branch: Branch, k: u32) -> vec4<u32> {
    if seat.line >= task.end_line {
        return vec4<u32>(0u);
    }
    return vec4<u32>(
        kernel_values[kernel_place(seat, branch, k)],
        kernel_values[kernel_place(seat, branch, k + 1u)],
        kernel_values[kernel_place(seat, branch, k + 2u)],
        kernel_values[kernel_place(seat, branch, k + 3u)],
    );
}

fn keep_kernel_four(x: vec4<u32>, seat: Seat, branch: Branch, k: u32) {
    outcome[kernel_place(seat, branch, k)] = x.x;
    outcome[kernel_place(seat, branch, k + 1u)] = x.y;
    outcome[kernel_place(seat, branch, k + 2u)] = x.z;
    outcome[kernel_place(seat, branch, k + 3u)] = x.w;
}

// Writes four of a thread's values into a row of transforms: they are a stride apart, so that
// threads next to each other write next to each other.
fn keep_four(x: vec4<u32>, place: u32) {
    let stride = 1u << (task.bits - 4u);
    outcome[place] = x.x;
    outcome[place + stride] = x.y;
    outcome[place + 2u * stride] = x.z;
    outcome[place + 3u * stride] = x.w;
}

// Reads what keep_four() writes.
fn kept_four(place: u32) -> vec4<u32> {
    let stride = 1u << (task.bits - 4u);
    return vec4<u32>(
        origin[place],
        origin[place + stride],
        origin[place + 2u * stride],
        origin[place + 3u * stride],
    );
}

// Finds the largest value.
@compute @workgroup_size(256)
fn find_largest(@builtin(global_invocation_id) thread: vec3<u32>) {
    let place = task.first_line + thread.x;
    if place < task.end_line {
        let size = pixels[panel.first + place] & 0x7fffffffu;
        if size < FINITE && size > atomicLoad(&panel.largest) {
            atomicMax(&panel.largest, size);
        }
    }
}

// Transforms rows, for one branch.
@compute @workgroup_size(256)
fn rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prime = task.prime;
    let own = seat_of(group.x, thread);
    let branch = branch_of(task.first_branch);
    let table = table_of(branch, 0u);
    let x = transform(numbers(own, branch), table, task.bits, own.thread, own.start);
    if own.line < task.end_line {
        let place = own.line * task.row_pitch + own.thread;
        let quarter = 1u << (task.bits - 2u);
        keep_four(x[0], place);
        keep_four(x[1], place + quarter);
        keep_four(x[2], place + 2u * quarter);
        keep_four(x[3], place + 3u * quarter);
    }
}

// Convolves columns of transforms with the kernel.
@compute @workgroup_size(256)
fn columns(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prime = task.prime;
    let own = seat_of(group.x, thread);
    let reciprocal = vec4<u32>(task.reciprocal);
    for (var number = task.first_branch; number < task.end_branch; number++) {
        let branch = branch_of(number);
        let table = table_of(branch, 0u);
        var x = transform(numbers(own, branch), table, task.bits, own.thread, own.start);
        x[0] = multiplied(reduced(x[0]), kernel_four(own, branch, 0u), reciprocal);
        x[1] = multiplied(reduced(x[1]), kernel_four(own, branch, 4u), reciprocal);
        x[2] = multiplied(reduced(x[2]), kernel_four(own, branch, 8u), reciprocal);
        x[3] = multiplied(reduced(x[3]), kernel_four(own, branch, 12u), reciprocal);
        let back = table_of(branch, 1u);
        x = transform_back(x, back, task.bits, own.thread, own.start);
        unfold(x, own, branch, number == 0u);
    }
}

// Transforms columns of the kernel's rows, and keeps the values of one branch of each pair.
@compute @workgroup_size(256)
fn kernel_columns(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prime = task.prime;
    let own = seat_of(group.x, thread);
    let scale = Factor(vec4<u32>(task.scale), vec4<u32>(task.scale_part));
    for (var number = task.first_branch; number < task.end_branch; number++) {
        let branch = branch_of(number);
        let table = table_of(branch, 0u);
        let x = transform(numbers(own, branch), table, task.bits, own.thread, own.start);
        if own.line < task.end_line {
            keep_kernel_four(residue(times(x[0], scale)), own, branch, 0u);
            keep_kernel_four(residue(times(x[1], scale)), own, branch, 4u);
            keep_kernel_four(residue(times(x[2], scale)), own, branch, 8u);
            keep_kernel_four(residue(times(x[3], scale)), own, branch, 12u);
        }
    }
}

// Transforms rows back, for one branch.
@compute @workgroup_size(256)
fn rows_back(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prime = task.prime;
    let own = seat_of(group.x, thread);
    let branch = branch_of(task.first_branch);
    var x: Sixteen;
    if own.line < task.end_line {
        let place = own.line * task.row_pitch + own.thread;
        let quarter = 1u << (task.bits - 2u);
        x[0] = kept_four(place);
        x[1] = kept_four(place + quarter);
        x[2] = kept_four(place + 2u * quarter);
        x[3] = kept_four(place + 3u * quarter);
    }
    let table = table_of(branch, 1u);
    x = transform_back(x, table, task.bits, own.thread, own.start);
    unfold(x, own, branch, task.first_branch == 0u);
}

// Makes floats of the residues modulo all primes.
@compute @workgroup_size(256)
fn combine(@builtin(global_invocation_id) thread: vec3<u32>) {
    prime = task.prime;
    let place = task.first_line + thread.x;
    if place >= task.end_line {
        return;
    }
    let pixel = panel.first + place;
    if (pixels[pixel] & FINITE) == FINITE {
        pixels[pixel] = FINITE;
        return;
    }
    let residues = vec4<u32>(
        residues_x[place],
        residues_y[place],
        residues_z[place],
        residues_w[place],
    );
    let found = digits(
        residues,
        Factor(task.inverses[0], task.inverses[1]),
        Factor(task.inverses[2], task.inverses[3]),
        Factor(task.inverses[4], task.inverses[5]),
    );
    pixels[pixel] = float_of_digits(found, i32(largest_exponent()) - 113);
}
