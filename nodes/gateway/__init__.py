"""The gateway: language models behind OpenAI's HTTP interface, answered for by an enclave and paid for by x402."""
