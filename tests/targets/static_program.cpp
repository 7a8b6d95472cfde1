// A statically linked program: nothing can be preloaded into it. With "stay" it waits for the end
// of its input.
#include "say.hpp"

int main(int argc, char**) {
    target::say("ready");
    char byte;
    while (argc > 1 && read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
