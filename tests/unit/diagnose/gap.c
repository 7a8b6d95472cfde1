// A unit with code on both sides of the C runtime's start.
int answer(int argument);

int answer(int argument) {
    return argument + 42;
}

int main(int count, char** arguments) {
    (void)arguments;
    return answer(count);
}
