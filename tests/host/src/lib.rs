//! A headless CLAP host for the tests, the benches and xtask.
