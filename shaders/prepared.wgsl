// The orientations of a batch in workgroup memory: one thread prepares one, all threads read all.

const BATCH: u32 = 64u; // orientations that a workgroup prepares at a time, one a thread

// `Prepared.whole`, and 0; used where F depends on the index.
var<workgroup> whole: array<vec4<f32>, BATCH>;
// Rows a', b', c', and beside each the fraction of its index.
struct Rows {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
}
var<workgroup> rows: array<Rows, BATCH>;

// Puts a prepared orientation into place `place` of workgroup memory.
fn keep(prepared: Prepared, place: u32) {
    if STRUCTURE_FACTORS != 0u {
        whole[place] = vec4<f32>(prepared.whole, 0.0);
    }
    rows[place] = Rows(
        vec4<f32>(prepared.row_a, prepared.fraction.x),
        vec4<f32>(prepared.row_b, prepared.fraction.y),
        vec4<f32>(prepared.row_c, prepared.fraction.z),
    );
}

// The prepared orientation in place `place`.
fn kept(place: u32) -> Prepared {
    let a = rows[place].a;
    let b = rows[place].b;
    let c = rows[place].c;
    var index = vec3<f32>(0.0);
    if STRUCTURE_FACTORS != 0u {
        index = whole[place].xyz;
    }
    return Prepared(index, vec3<f32>(a.w, b.w, c.w), a.xyz, b.xyz, c.xyz);
}
