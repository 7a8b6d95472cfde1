#include <unistd.h>

// Not known to the compiler.
volatile bool always = true;

void inner(int seconds) {
    while (always)
        sleep(static_cast<unsigned>(seconds));
}
