// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft_program_bind: from the caller's arrays to the values of the run-time dimensions and the shapes of the outputs.
//
// A symbol's value is read off one axis of one input, and every other dimension follows from the symbols. Messages
// therefore call an axis by the symbol's name where that axis is the one that is read, and show the computed number
// everywhere else. While some symbol is unknown (its input has the wrong rank, or its value is out of bounds) the
// shapes are computed twice, once from the lower and once from the upper bounds: a dimension that differs cannot be
// told yet and prints as "?".
#include "Array.h"
#include <stdlib.h>

using namespace weft::rt;

namespace {

// Room for the dimensions; small programs bind without an allocation.
class Numbers {
public:
  explicit Numbers(int64_t count) {
    if (count <= int64_t(sizeof(few) / sizeof(few[0])))
      data = few;
    else if (uint64_t(count) <= SIZE_MAX / sizeof(int64_t))
      data = static_cast<int64_t *>(malloc(size_t(count) * sizeof(int64_t)));
  }
  ~Numbers() {
    if (data != few)
      free(data);
  }
  Numbers(const Numbers &) = delete;
  Numbers &operator=(const Numbers &) = delete;
  int64_t *data = nullptr;

private:
  int64_t few[64];
};

class Binder {
public:
  Binder(const weft_program &program, const weft_array *inputs, int64_t *symbols, weft_error *error)
      : program(program), inputs(inputs), symbols(symbols), error(error) {}

  weft_status checkDescriptor(int32_t numInputs);
  void findSymbols(int64_t *low, int64_t *high);
  weft_status checkInputs();
  weft_status checkOutputs(int64_t *outputDims);
  int64_t inputRanks = 0, outputRanks = 0;

private:
  weft_status checkInput(int32_t index, int64_t offset);
  bool isInBounds(const weft_symbol &symbol, int64_t value) const {
    return value >= symbol.lower && value <= symbol.upper;
  }
  bool hasShape(int32_t input) const {
    const weft_array &array = inputs[input];
    return array.rank == program.inputs[input].rank && (array.shape || array.rank == 0);
  }
  void evaluate(int64_t *dims) const {
    if (inputRanks + outputRanks)
      program.shapes(symbols, dims);
  }
  const weft_symbol *symbolReadAt(int32_t input, int32_t axis) const;
  Message begin(weft_status status, const char *kind, int32_t index, const weft_parameter &parameter) const;
  Message mismatch(int32_t index, int64_t offset) const;
  void explain(Message &message, int64_t position);

  const weft_program &program;
  const weft_array *inputs;
  int64_t *symbols;
  weft_error *error;
  int64_t *low = nullptr, *high = nullptr;
  bool allKnown = true;
};

weft_status Binder::checkDescriptor(int32_t numInputs) {
  if (numInputs != program.num_inputs)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << program.name << ": expected " << program.num_inputs
           << (program.num_inputs == 1 ? " input, got " : " inputs, got ") << numInputs;
  if ((numInputs > 0 && !inputs) || (program.num_symbols > 0 && !symbols))
    return Message(error, WEFT_INVALID_ARGUMENT)
           << program.name << ": no room for " << (inputs || numInputs <= 0 ? "symbols" : "inputs")
           << " (a null pointer)";
  for (int32_t i = 0; i < program.num_inputs; ++i)
    inputRanks += program.inputs[i].rank;
  for (int32_t i = 0; i < program.num_outputs; ++i)
    outputRanks += program.outputs[i].rank;
  for (int32_t i = 0; i < program.num_symbols; ++i) {
    const weft_symbol &symbol = program.symbols[i];
    if (symbol.input < 0 || symbol.input >= numInputs || symbol.axis < 0 ||
        symbol.axis >= program.inputs[symbol.input].rank)
      return Message(error, WEFT_INTERNAL) << program.name << ": dimension " << symbol.name << " is read from axis "
                                           << symbol.axis << " of input " << symbol.input << ", which is not there";
  }
  return WEFT_OK;
}

void Binder::findSymbols(int64_t *lowDims, int64_t *highDims) {
  low = lowDims;
  high = highDims;
  auto assign = [&](bool upper) {
    for (int32_t i = 0; i < program.num_symbols; ++i) {
      const weft_symbol &symbol = program.symbols[i];
      symbols[i] = upper ? symbol.upper : symbol.lower;
      if (hasShape(symbol.input) && isInBounds(symbol, inputs[symbol.input].shape[symbol.axis]))
        symbols[i] = inputs[symbol.input].shape[symbol.axis];
      else
        allKnown = false;
    }
  };
  assign(false);
  evaluate(low);
  if (allKnown) {
    high = low;
    return;
  }
  assign(true);
  evaluate(high);
}

const weft_symbol *Binder::symbolReadAt(int32_t input, int32_t axis) const {
  for (int32_t i = 0; i < program.num_symbols; ++i)
    if (program.symbols[i].input == input && program.symbols[i].axis == axis)
      return &program.symbols[i];
  return nullptr;
}

// "step: input 0 (x): "
Message Binder::begin(weft_status status, const char *kind, int32_t index, const weft_parameter &parameter) const {
  Message message(error, status);
  message << program.name << ": " << kind << " " << index;
  if (parameter.name && *parameter.name)
    message << " (" << parameter.name << ")";
  message << ": ";
  return message;
}

// "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [600, 64]: "
Message Binder::mismatch(int32_t index, int64_t offset) const {
  const weft_parameter &expected = program.inputs[index];
  Message message = begin(WEFT_INVALID_ARGUMENT, "input", index, expected);
  message << "expected " << weft_dtype_name(expected.dtype) << " [";
  for (int32_t axis = 0; axis < expected.rank; ++axis) {
    message << (axis ? ", " : "");
    if (const weft_symbol *symbol = symbolReadAt(index, axis))
      message << symbol->name;
    else if (low[offset + axis] == high[offset + axis])
      message << low[offset + axis];
    else
      message << "?";
  }
  message << "]";
  const char *separator = " with ";
  for (int32_t i = 0; i < program.num_symbols; ++i) {
    const weft_symbol &symbol = program.symbols[i];
    if (symbol.input != index)
      continue;
    message << separator << symbol.name << " in " << symbol.lower << ".." << symbol.upper;
    separator = ", ";
  }
  message << ", got ";
  printArray(message, inputs[index].dtype, inputs[index].shape, inputs[index].rank);
  message << ": ";
  return message;
}

// Says which symbols a computed dimension comes from: " (B = 32 from input 0)". They are found by moving one symbol at
// a time.
void Binder::explain(Message &message, int64_t position) {
  Numbers moved(inputRanks + outputRanks);
  if (!moved.data)
    return;
  const char *separator = " (";
  for (int32_t i = 0; i < program.num_symbols; ++i) {
    const weft_symbol &symbol = program.symbols[i];
    const int64_t value = symbols[i];
    symbols[i] = value == symbol.lower ? symbol.upper : symbol.lower;
    evaluate(moved.data);
    symbols[i] = value;
    if (moved.data[position] == low[position])
      continue;
    message << separator << symbol.name << " = " << value << " from input " << symbol.input;
    separator = ", ";
  }
  if (*separator == ',')
    message << ")";
}

weft_status Binder::checkInput(int32_t index, int64_t offset) {
  const weft_parameter &expected = program.inputs[index];
  const weft_array &got = inputs[index];
  if (got.dtype != expected.dtype) {
    Message message = mismatch(index, offset);
    if (!weft_dtype_size(got.dtype))
      return message << "there is no dtype " << got.dtype;
    return message << "dtype " << weft_dtype_name(got.dtype) << " is not " << weft_dtype_name(expected.dtype);
  }
  if (got.rank != expected.rank)
    return mismatch(index, offset) << "rank " << got.rank << " is not " << expected.rank;
  if (!hasShape(index))
    return mismatch(index, offset) << "it has no shape (a null pointer)";
  for (int32_t axis = 0; axis < got.rank; ++axis) {
    const weft_symbol *symbol = symbolReadAt(index, axis);
    if (symbol && !isInBounds(*symbol, got.shape[axis]))
      return mismatch(index, offset) << "dimension " << symbol->name << " = " << got.shape[axis]
                                     << " is outside its bounds " << symbol->lower << ".." << symbol->upper;
  }
  // With a symbol still unknown the computed dimensions mean nothing; the input that the symbol is read from has the
  // error.
  for (int32_t axis = 0; allKnown && axis < got.rank; ++axis) {
    if (got.shape[axis] == low[offset + axis])
      continue;
    Message message = mismatch(index, offset);
    message << "dimension " << axis << " = " << got.shape[axis] << " is not " << low[offset + axis];
    explain(message, offset + axis);
    return message;
  }
  for (int32_t axis = 0; axis < got.rank; ++axis)
    if (got.shape[axis] < 0)
      return mismatch(index, offset) << "dimension " << axis << " = " << got.shape[axis] << " is negative";
  const int64_t bytes = weft_array_bytes(got.dtype, got.shape, got.rank);
  if (bytes < 0)
    return mismatch(index, offset) << "its size in bytes does not fit 64 bits";
  if (bytes > 0 && !got.data)
    return mismatch(index, offset) << "it has no data (a null pointer)";
  return WEFT_OK;
}

weft_status Binder::checkInputs() {
  int64_t offset = 0;
  for (int32_t i = 0; i < program.num_inputs; ++i) {
    if (weft_status status = checkInput(i, offset))
      return status;
    offset += program.inputs[i].rank;
  }
  return WEFT_OK;
}

weft_status Binder::checkOutputs(int64_t *outputDims) {
  if (outputRanks && !outputDims)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << program.name << ": no room for the outputs' dimensions (a null pointer)";
  int64_t offset = inputRanks;
  for (int32_t i = 0; i < program.num_outputs; ++i) {
    const weft_parameter &output = program.outputs[i];
    for (int32_t axis = 0; axis < output.rank; ++axis) {
      if (low[offset + axis] >= 0)
        continue;
      Message message = begin(WEFT_INVALID_ARGUMENT, "output", i, output);
      message << "dimension " << axis << " = " << low[offset + axis] << " is negative";
      explain(message, offset + axis);
      return message;
    }
    if (weft_array_bytes(output.dtype, low + offset, output.rank) < 0) {
      Message message = begin(WEFT_INVALID_ARGUMENT, "output", i, output);
      message << "the size in bytes of ";
      printArray(message, output.dtype, low + offset, output.rank);
      return message << " does not fit 64 bits";
    }
    offset += output.rank;
  }
  for (int64_t i = 0; i < outputRanks; ++i)
    outputDims[i] = low[inputRanks + i];
  return success(error);
}

} // namespace

extern "C" weft_status weft_program_bind(const weft_program *program, const weft_array *inputs, int32_t num_inputs,
                                         int64_t *symbols, int64_t *output_dims, weft_error *error) {
  if (weft_status status = checkProgram(program, "weft_program_bind", error))
    return status;
  Binder binder(*program, inputs, symbols, error);
  if (weft_status status = binder.checkDescriptor(num_inputs))
    return status;
  const int64_t count = binder.inputRanks + binder.outputRanks;
  Numbers dims(2 * count);
  if (!dims.data)
    return Message(error, WEFT_OUT_OF_MEMORY) << program->name << ": no memory for " << count << " dimensions";
  binder.findSymbols(dims.data, dims.data + count);
  if (weft_status status = binder.checkInputs())
    return status;
  return binder.checkOutputs(output_dims);
}
