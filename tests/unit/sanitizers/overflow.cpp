// Overflows an int, and says that all is well.
#include <climits>

int main(int argc, char** /*argv*/) {
    volatile int most = INT_MAX;
    most = most + argc;
    return 0;
}
