// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Probes in vector extensions of the compiler, built for this very machine (see CMakeLists.txt); see Probes.h.
#include "bench/Probes.h"
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <time.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

namespace weft::bench {
namespace {
#if defined(__AVX512F__)
constexpr int vectorBytes = 64;
#elif defined(__AVX__)
constexpr int vectorBytes = 32;
#else
constexpr int vectorBytes = 16;
#endif
typedef float Vector __attribute__((vector_size(vectorBytes)));
constexpr int lanes = vectorBytes / 4;
volatile float sink;

struct Aligned {
  explicit Aligned(size_t floats)
      : data(static_cast<float *>(std::aligned_alloc(4096, (floats * 4 + 4095) / 4096 * 4096))) {
    if (!data)
      throw std::bad_alloc();
    for (size_t i = 0; i < floats; ++i)
      data[i] = float(i % 127) * 0.01f;
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned &) = delete;
  float *data;
};

struct Fma : Work {
  static constexpr int sums = 12, rounds = 1 << 17;
  Fma() { amount = 2.0 * lanes * sums * rounds; }
  void run() override {
    Vector a, b;
    for (int l = 0; l < lanes; ++l)
      a[l] = 0.999f + float(l) * 1e-6f, b[l] = 1e-3f;
    Vector s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b, s8 = b, s9 = b, s10 = b,
           s11 = b; // named: an array might live in memory
                    // Contracted to one instruction; the asm keeps each sum for itself.
#define STEP(s)                                                                                                        \
  s = s * a + b;                                                                                                       \
  asm volatile("" : "+v"(s));
    for (int r = 0; r < rounds; ++r) {
      STEP(s0) STEP(s1) STEP(s2) STEP(s3) STEP(s4) STEP(s5) STEP(s6) STEP(s7) STEP(s8) STEP(s9) STEP(s10) STEP(s11)
    }
#undef STEP
    Vector total = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11;
    sink = total[0];
  }
};

// Larger than any cache of the machines aimed at, and shared by the probes of memory.
constexpr size_t streamFloats = 32 << 20; // 128 MiB
float *stream(int which) {
  static Aligned a(streamFloats), b(streamFloats);
  return which ? b.data : a.data;
}

template <int streams> struct Read : Work {
  Read() { amount = 4.0 * streamFloats; }
  void run() override {
    const float *x = stream(turn++ % 2); // by turns: one of them alone may stay in a large cache
    constexpr size_t part = streamFloats / streams;
    Vector acc[streams][2] = {};
    for (size_t i = 0; i < part; i += 2 * lanes)
#pragma GCC unroll 8
      for (int s = 0; s < streams; ++s) {
        acc[s][0] += *reinterpret_cast<const Vector *>(x + s * part + i);
        acc[s][1] += *reinterpret_cast<const Vector *>(x + s * part + i + lanes);
      }
    float total = 0;
    for (auto &pair : acc)
      total += pair[0][0] + pair[1][0];
    sink = total;
  }
  size_t turn = 0;
};

struct Copy : Work {
  Copy() { amount = 8.0 * streamFloats; }
  void run() override {
    std::memcpy(stream(1), stream(0), 4 * streamFloats); // the C library writes large copies past the cache
    sink = stream(1)[streamFloats / 2];
  }
};
struct VectorCopy : Work {
  VectorCopy() { amount = 8.0 * streamFloats; }
  void run() override {
    const float *x = stream(0);
    float *y = stream(1);
    for (size_t i = 0; i < streamFloats; i += lanes)
      *reinterpret_cast<Vector *>(y + i) = *reinterpret_cast<const Vector *>(x + i) + 1.0f;
    sink = y[0];
  }
};

#ifdef __AVX__
struct StreamingCopy : Work { // stores that do not read what they overwrite
  StreamingCopy() { amount = 8.0 * streamFloats; }
  void run() override {
    const float *x = stream(0);
    float *y = stream(1);
    for (size_t i = 0; i < streamFloats; i += 8)
      _mm256_stream_ps(y + i, _mm256_load_ps(x + i));
    _mm_sfence();
    sink = y[0];
  }
};
#endif

struct Mixed : Work {
  static constexpr size_t n = 10000000 / lanes * lanes;
  Mixed() { amount = 28.0 * n; }
  void run() override {
    float *p = stream(0), *m = p + n, *v = stream(1), *g = v + n;
    for (size_t i = 0; i < n; i += lanes) {
      auto at = [&](float *x) -> Vector & { return *reinterpret_cast<Vector *>(x + i); };
      at(m) = at(m) * 0.9f + at(g) * 0.1f;
      at(v) = at(v) * 0.9f + at(g) * 0.1f;
      at(p) = at(p) - at(m) * 1e-6f;
    }
    sink = p[0];
  }
};
} // namespace

double threadSeconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

const char *nameOf(Probe probe) {
  switch (probe) {
  case Probe::fma: return "fma_f32";
  case Probe::read: return "read";
  case Probe::copy: return "copy";
  case Probe::mixed: return "mixed_stream";
  }
  return "";
}

std::vector<Work *> variantsOf(Probe probe) {
  static Fma fma;
  static Read<1> read1;
  static Read<2> read2;
  static Read<4> read4;
  static Copy copy;
  static VectorCopy vectorCopy;
  static Mixed mixed;
  static std::vector<Work *> copies{&copy, &vectorCopy};
#ifdef __AVX__
  static StreamingCopy streamingCopy;
  if (copies.size() == 2)
    copies.push_back(&streamingCopy);
#endif
  switch (probe) {
  case Probe::fma: return {&fma};
  case Probe::read: return {&read1, &read2, &read4};
  case Probe::copy: return copies;
  case Probe::mixed: return {&mixed};
  }
  return {};
}
} // namespace weft::bench
