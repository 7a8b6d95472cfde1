// toml++'s own code, compiled once: whether a distribution has it as a library, and of which name,
// does not matter then.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
