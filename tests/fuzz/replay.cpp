// Runs a fuzz target where there is no libFuzzer: on every file of its corpus, and for a while on
// changed copies of them. Blind where libFuzzer sees what is covered, but with any compiler.
//   fuzz_NAME [--for SECONDS] [--seed N] FILE|DIRECTORY...
// An input that is found is written to fuzz-finding in the working directory.
#include "fuzz.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = 65'536;
constexpr unsigned kSlowSeconds = 20;  // for one input, under a sanitizer on a busy machine

const Input* current = nullptr;

// Async-signal-safe: it may come from a handler.
void keep_finding() {
    if (current == nullptr) return;
    const int file = ::open("fuzz-finding", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return;
    if (::write(file, current->data(), current->size()) < 0) ::unlink("fuzz-finding");
    ::close(file);
}

void end_slow(int /*signal_number*/) {
    keep_finding();
    constexpr char kText[] = "an input takes too long; it is in fuzz-finding\n";
    if (::write(STDERR_FILENO, kText, sizeof kText - 1) < 0) ::_exit(2);
    ::_exit(1);
}

void end_bad(int signal_number) {
    keep_finding();
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);
}

void run(const Input& input) {
    // A copy of its exact size: a sanitizer sees a byte too far.
    const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[input.size()]);
    std::copy(input.begin(), input.end(), copy.get());
    current = &input;
    ::alarm(kSlowSeconds);
    LLVMFuzzerTestOneInput(copy.get(), input.size());
    current = nullptr;
}

class Mutator {
public:
    Mutator(const std::vector<Input>& corpus, std::uint64_t seed)
        : corpus_(corpus), random_(seed) {}

    Input next() {
        Input input = corpus_[number(corpus_.size())];
        for (std::size_t i = 0; i <= number(4); ++i)
            change(&input);
        if (input.size() > kLongest) input.resize(kLongest);
        return input;
    }

private:
    std::size_t number(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

    void change(Input* input) {
        const std::size_t at = number(input->size() + 1);
        const auto place = input->begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t rest = input->size() - at;
        switch (number(8)) {
            case 0:  // one bit
                if (rest > 0) *place = static_cast<std::uint8_t>(*place ^ 1U << number(8));
                return;
            case 1:  // one byte
                if (rest > 0) *place = static_cast<std::uint8_t>(random_());
                return;
            case 2:  // a number at a border
                write_number(input, at);
                return;
            case 3:
                input->erase(place, place + static_cast<std::ptrdiff_t>(number(rest + 1)));
                return;
            case 4:
                input->resize(at);
                return;
            case 5:
                input->insert(place, number(16), static_cast<std::uint8_t>(random_()));
                return;
            case 6: {  // a part of another input
                const Input& other = corpus_[number(corpus_.size())];
                const std::size_t from = number(other.size());
                const std::size_t length = number(other.size() - from + 1);
                input->insert(place, other.begin() + static_cast<std::ptrdiff_t>(from),
                              other.begin() + static_cast<std::ptrdiff_t>(from + length));
                return;
            }
            default: {  // the same again
                const Input part(place, place + static_cast<std::ptrdiff_t>(
                                                    number(std::min<std::size_t>(rest, 64) + 1)));
                input->insert(input->begin() + static_cast<std::ptrdiff_t>(at), part.begin(),
                              part.end());
            }
        }
    }

    void write_number(Input* input, std::size_t at) {
        constexpr std::uint64_t kBorders[] = {0,          1,          0x7f,      0x80,
                                              0xff,       0x7fff,     0xffff,    0x7fffffff,
                                              0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};
        const std::uint64_t value = kBorders[number(std::size(kBorders))];
        const std::size_t length = std::size_t{1} << number(4);
        for (std::size_t i = 0; i < length && at + i < input->size(); ++i)
            (*input)[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
    }

    const std::vector<Input>& corpus_;
    std::mt19937_64 random_;
};

Input read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return Input{std::istreambuf_iterator<char>(file), {}};
}

std::vector<Input> read_corpus(const std::vector<std::string>& paths) {
    std::vector<std::filesystem::path> files;
    for (const std::string& path : paths) {
        if (!std::filesystem::is_directory(path))
            files.emplace_back(path);
        else
            for (const auto& entry : std::filesystem::directory_iterator(path))
                files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<Input> corpus;
    for (const auto& file : files)
        corpus.push_back(read_file(file));
    return corpus;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> paths;
    int seconds = 0;
    std::uint64_t seed = 1;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--for" && i + 1 < argc)
            seconds = std::atoi(argv[++i]);
        else if (argument == "--seed" && i + 1 < argc)
            seed = std::strtoull(argv[++i], nullptr, 10);
        else
            paths.push_back(argument);
    }
    std::vector<Input> corpus = read_corpus(paths);
    if (corpus.empty()) {
        std::fprintf(stderr, "usage: %s [--for SECONDS] [--seed N] FILE|DIRECTORY...\n", argv[0]);
        return 2;
    }
    ::signal(SIGALRM, end_slow);
    ::signal(SIGABRT, end_bad);
    if (&__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_finding);
    for (const Input& input : corpus)
        run(input);
    std::size_t inputs = corpus.size();
    Mutator mutator(corpus, seed);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    for (; std::chrono::steady_clock::now() < end; ++inputs)
        run(mutator.next());
    std::printf("%zu inputs, no finding\n", inputs);
    return 0;
}
