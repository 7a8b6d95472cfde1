// toml++'s own code, compiled once: whether a distribution has it as a library, and of which name,
// does not matter then.
//
// Without NDEBUG and with assertions that do nothing: its parser asserts that a key's first
// character is one of a key's, tells a file where it isn't one line later, and with NDEBUG lets the
// compiler assume that it never comes to that.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
