fn main() -> nice_plug_xtask::Result<()> {
    nice_plug_xtask::main_with_args("cargo xtask", std::env::args().skip(1))
}
