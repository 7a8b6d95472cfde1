// One of the threads that keep requests in flight.
#ifndef AIO_COPY_SUBMITTER_HPP
#define AIO_COPY_SUBMITTER_HPP

#include "copier.hpp"

namespace aio_copy {

class Copier::Submitter {
public:
    Submitter(Copier& copier, unsigned slots);
    void start();
    void join() { thread_.join(); }
    void wake() const { add_to_eventfd(wake_.get()); }

    // For the owner, after join().
    Latency reads;
    Latency writes;
    std::uint64_t bytes = 0;

private:
    struct FreeBuffer {
        void operator()(std::byte* buffer) const { ::operator delete[](buffer, kAlign); }
    };
    static constexpr std::align_val_t kAlign{kAlignment};

    // A block on its way: read, then written.
    struct Block : Request {
        enum class Stage { idle, reading, writing };
        Submitter* owner = nullptr;
        std::unique_ptr<std::byte[], FreeBuffer> buffer;
        Stage stage = Stage::idle;
        std::uint64_t offset = 0;
        std::size_t length = 0;  // what of it belongs to the file
    };

    void run();
    void work();
    void wait_for_completions();
    void start_next(Block& block);
    void advance(Block& block);
    void write(Block& block);
    std::size_t transfer_size(const Block& block) const;

    Copier& copier_;
    Descriptor wake_;
    std::vector<Block> blocks_;
    unsigned busy_ = 0;
    std::thread thread_;
};

}  // namespace aio_copy

#endif  // AIO_COPY_SUBMITTER_HPP
