// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Program.h.
#include "bench/Program.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "tools/Dialects.h"
#include "tools/Values.h"
#include <bit>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>
#include <sys/mman.h>
#include <utility>

using namespace mlir;
namespace weft::bench {
namespace {
/// An array in large pages where the system has them, as the runtime's and the peers' arrays are.
struct Memory {
  explicit Memory(size_t bytes) {
    const size_t page = size_t(2) << 20, alignment = bytes >= page ? page : 64;
    data = std::aligned_alloc(alignment, (bytes + 64 + alignment - 1) / alignment * alignment);
    if (!data)
      throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (bytes >= page)
      madvise(data, bytes / page * page, MADV_HUGEPAGE);
#endif
    std::memset(data, 0, bytes);
  }
  Memory(Memory &&other) noexcept : data(std::exchange(other.data, nullptr)) {}
  ~Memory() { std::free(data); }
  void *data;
};

class Program : public Work {
public:
  Program(const std::string &text, double work, int threads, int rotate, int bound, int64_t below) {
    amount = work;
    DialectRegistry registry;
    tools::registerDialects(registry);
    context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, context.get());
    if (!module || module->getOps<func::FuncOp>().empty())
      throw std::runtime_error("the row's graph does not parse");
    std::string function = (*module->getOps<func::FuncOp>().begin()).getName().str();
    codegen::CompileError error;
    if (bound >= 0) {
      module->lookupSymbol<func::FuncOp>(function).setArgAttr(unsigned(bound), "weft.bound",
                                                              UnitAttr::get(context.get()));
      if (!codegen::separateBound(*module, function, {}, error))
        throw std::runtime_error(function + ": " +
                                 error.message); // what would be prepared is filled with numbers like any other input
    }
    code = codegen::compile(*module, function, {}, error);
    if (!code)
      throw std::runtime_error(function + ": " + error.message);
    const weft_program *program = code->program();
    for (int i = 0; i < program->num_symbols; ++i)
      symbols.push_back(program->symbols[i].upper);
    std::vector<int64_t> dims;
    int64_t ranks = 0;
    for (int i = 0; i < program->num_inputs; ++i)
      ranks += program->inputs[i].rank;
    for (int i = 0; i < program->num_outputs; ++i)
      ranks += program->outputs[i].rank;
    dims.resize(ranks + 1);
    program->shapes(symbols.data(), dims.data());
    sets.resize(rotate);
    for (Set &set : sets) {
      const int64_t *next = dims.data();
      inputs.clear(), outputs.clear();
      auto make = [&](const weft_parameter &parameter) {
        std::vector<int64_t> shape(next, next + parameter.rank);
        next += parameter.rank;
        int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>());
        (&parameter < program->inputs || &parameter >= program->inputs + program->num_inputs ? outputs : inputs)
            .emplace_back(tools::elementType(context.get(), parameter.dtype), shape);
        if (parameter.input >= 0) // state in place, as a compiled function of the DSL gives it
          return const_cast<void *>(set.inputs[parameter.input]);
        set.memory.emplace_back(count * weft_dtype_size(parameter.dtype));
        std::mt19937 random(unsigned(set.memory.size()));
        std::uniform_real_distribution<float> uniform(0.01f, 0.5f);
        if (parameter.dtype == WEFT_F32 || parameter.dtype == WEFT_C64)
          for (int64_t i = 0; i < (parameter.dtype == WEFT_C64 ? 2 : 1) * count; ++i)
            static_cast<float *>(set.memory.back().data)[i] = uniform(random);
        std::uniform_int_distribution<int32_t> whole(0, int32_t(below - 1));
        if (parameter.dtype == WEFT_I32)
          for (int64_t i = 0; i < count; ++i)
            static_cast<int32_t *>(set.memory.back().data)[i] = whole(random);
        if (parameter.dtype == WEFT_F64)
          for (int64_t i = 0; i < count; ++i)
            static_cast<double *>(set.memory.back().data)[i] = uniform(random);
        if (parameter.dtype == WEFT_BF16)
          for (int64_t i = 0; i < count; ++i)
            static_cast<uint16_t *>(set.memory.back().data)[i] =
                uint16_t(std::bit_cast<uint32_t>(uniform(random)) >> 16);
        return set.memory.back().data;
      };
      for (int i = 0; i < program->num_inputs; ++i)
        set.inputs.push_back(make(program->inputs[i]));
      for (int i = 0; i < program->num_outputs; ++i)
        set.outputs.push_back(make(program->outputs[i]));
    }
    weft_error status{};
    pool.reset(weft_pool_create(threads, &status));
    if (pool)
      instance.reset(weft_instance_create(program, pool.get(), &status));
    if (!instance)
      throw std::runtime_error(status.message);
  }
  void run() override {
    Set &set = sets[turn++ % sets.size()];
    weft_error status{};
    if (weft_instance_run(instance.get(), set.inputs.data(), set.outputs.data(), symbols.data(), &status) != WEFT_OK)
      throw std::runtime_error(status.message);
  }
  std::optional<Exchange> exchange() override {
    turn = 0;
    run();
    Exchange all{inputs, outputs};
    for (size_t i = 0; i < inputs.size(); ++i)
      tools::fromBytes(all.inputs[i], sets[0].inputs[i]);
    for (size_t i = 0; i < outputs.size(); ++i)
      tools::fromBytes(all.outputs[i], sets[0].outputs[i]);
    return all;
  }

private:
  struct Set {
    std::vector<Memory> memory;
    std::vector<const void *> inputs;
    std::vector<void *> outputs;
  };
  struct Destroy {
    void operator()(weft_pool *p) const { weft_pool_destroy(p); }
    void operator()(weft_instance *i) const { weft_instance_destroy(i); }
  };
  std::unique_ptr<MLIRContext> context;
  std::shared_ptr<codegen::Executable> code;
  std::vector<int64_t> symbols;
  std::vector<Set> sets;
  std::vector<ir::HostArray> inputs, outputs; // their types and shapes
  size_t turn = 0;
  std::unique_ptr<weft_pool, Destroy> pool;
  std::unique_ptr<weft_instance, Destroy> instance;
};
} // namespace

std::unique_ptr<Work> makeProgram(const std::string &text, double amount, int threads, int rotate, int bound,
                                  int64_t below) {
  return std::make_unique<Program>(text, amount, threads, rotate, bound, below);
}
} // namespace weft::bench
