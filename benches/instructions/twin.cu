// The innermost loop of shaders/render.wgsl in CUDA, of a square crystal with one F and four pixels to a
// thread: what NVIDIA's compiler makes of the same arithmetic. `run` counts its instructions.

struct Axis { float cells, least; };
struct Lattice { Axis h, k, l; float f; };
struct Rows { float4 a, b, c; };

__device__ float fraction(float x) { return x - floorf(x); }

__device__ float reciprocal(float x) {
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}

__device__ float index_rest(float4 row, float3 t) {
  return fmaf(row.z, t.z, fmaf(row.y, t.y, fmaf(row.x, t.x, row.w)));
}

// As the kernel is.
struct after {
  static __device__ float half_wave(float f, float least) {
    float g = fmaf(-f, f, f);
    return least + g * (1.0f + g * (1.0f + g * (0.35506871f + g * (0.06514531f + g * 0.00764244f))));
  }
  static __device__ float2 parts(Axis axis, float delta) {
    float away = fabsf(delta);
    return make_float2(half_wave(fraction(axis.cells * away), axis.least), half_wave(away, 1e-12f));
  }
  static __device__ float3 nearest(float3 rest, float3 first) {
    return make_float3(rintf(first.x), rintf(first.y), rintf(first.z));
  }
  static __device__ float3 rest(float4 a, float4 b, float4 c, float3 t) {
    return make_float3(index_rest(a, t), index_rest(b, t), index_rest(c, t));
  }
  static __device__ float scaled(float r, float f) { return r; }
};

// The kernel before: sums of products, then the fraction; sines in x^2; F in every term.
struct before {
  static __device__ float sine_ratio(float x) {
    float y = x * x;
    return 1.0f + y * (-1.6449341f + y * (0.81174236f + y * (-0.19075006f
        + y * (0.026128059f + y * -0.0022550628f))));
  }
  static __device__ float2 parts(Axis axis, float delta) {
    float away = fmaxf(fabsf(delta), 1e-9f), turns = axis.cells * away, u = turns - rintf(turns);
    return make_float2(u * sine_ratio(u), turns * sine_ratio(away));
  }
  static __device__ float3 nearest(float3 rest, float3 first) {
    return make_float3(ceilf(rest.x - 0.5f), ceilf(rest.y - 0.5f), ceilf(rest.z - 0.5f));
  }
  static __device__ float sum(float4 row, float3 t) {
    return row.w + (row.x * t.x + row.y * t.y + row.z * t.z);
  }
  static __device__ float3 rest(float4 a, float4 b, float4 c, float3 t) {
    return make_float3(sum(a, t), sum(b, t), sum(c, t));
  }
  static __device__ float scaled(float r, float f) { return f * r; }
};

template <class Kernel>
__global__ void __launch_bounds__(64) render(
    const Rows *rows, const float3 *sights, float *out, int total,
    __grid_constant__ const Lattice lattice) {
  __shared__ Rows batch_rows[64];
  const int lane = threadIdx.x, own = 4 * (blockIdx.x * 64 + lane);
  float3 turned[4];
  float sum[4] = {};
  for (int i = 0; i < 4; i++) turned[i] = sights[own + i];
  for (int o = 0; o < total; o += 64) {
    __syncthreads();
    batch_rows[lane] = rows[o + lane];
    __syncthreads();
    const int batch = min(64, total - o);
#pragma unroll 1
    for (int next = 0; next < batch; next++) {
      const float4 a = batch_rows[next].a, b = batch_rows[next].b, c = batch_rows[next].c;
      const float3 first = Kernel::rest(a, b, c, turned[0]);
      for (int i = 0; i < 4; i++) {
        const float3 rest = Kernel::rest(a, b, c, turned[i]);
        const float3 near = Kernel::nearest(rest, first);
        const float2 h = Kernel::parts(lattice.h, rest.x - near.x);
        const float2 k = Kernel::parts(lattice.k, rest.y - near.y);
        const float2 l = Kernel::parts(lattice.l, rest.z - near.z);
        const float r = (h.x * k.x * l.x) * reciprocal(h.y * k.y * l.y);
        const float scattered = Kernel::scaled(r, lattice.f);
        sum[i] += scattered * scattered;
      }
    }
  }
  for (int i = 0; i < 4; i++) out[own + i] = sum[i];
}

template __global__ void render<before>(const Rows *, const float3 *, float *, int, const __grid_constant__ Lattice);
template __global__ void render<after>(const Rows *, const float3 *, float *, int, const __grid_constant__ Lattice);
