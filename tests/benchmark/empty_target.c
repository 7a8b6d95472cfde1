/* An empty C program: what start-up alone costs. */
int main(void) {
    return 0;
}
