"""The EVM toolchain: ABIs, codecs, the compiler and where its parts are found."""
