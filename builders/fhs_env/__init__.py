"""buildFHSEnv: programs that expect the folders of an ordinary Linux system, started in a namespace that has them."""
