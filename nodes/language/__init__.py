"""A real language model behind a gateway: its weights out of a GGUF file, run by ONNX Runtime."""
