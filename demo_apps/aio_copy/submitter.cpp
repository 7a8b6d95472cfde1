#include "submitter.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace aio_copy {

Copier::Submitter::Submitter(Copier& copier, unsigned slots)
    : copier_(copier), wake_(make_eventfd()), blocks_(slots) {
    for (Block& block : blocks_) {
        block.owner = this;
        block.buffer.reset(
            static_cast<std::byte*>(::operator new[](copier.options_.block_size, kAlign)));
        // The completion thread hands the request back, and no more: what the result means is
        // found out here, on a thread that nobody else depends on.
        block.on_complete = [](Request& request) {
            auto& done = static_cast<Block&>(request);
            const Submitter& owner = *done.owner;
            done.ticket.store(0, std::memory_order_release);
            owner.wake();
        };
    }
}

void Copier::Submitter::start() {
    thread_ = std::thread(&Submitter::run, this);
}

void Copier::Submitter::run() {
    pthread_setname_np(pthread_self(), "aio-submit");
    try {
        work();
    } catch (const std::exception& error) {
        copier_.report_failure(error.what());
        // The kernel may still write into the buffers.
        while (busy_ > 0) {
            wait_for_completions();
            for (Block& block : blocks_) {
                if (block.stage == Block::Stage::idle || block.ticket.load() != 0) continue;
                block.stage = Block::Stage::idle;
                --busy_;
            }
        }
    }
    add_to_eventfd(copier_.finished_.get());
}

void Copier::Submitter::work() {
    for (Block& block : blocks_)
        start_next(block);
    while (busy_ > 0) {
        wait_for_completions();
        for (Block& block : blocks_)
            if (block.stage != Block::Stage::idle &&
                block.ticket.load(std::memory_order_acquire) == 0)
                advance(block);
    }
}

// Without a limit: a lost completion thread is the business of the one who watches over it.
void Copier::Submitter::wait_for_completions() {
    pollfd wait{wake_.get(), POLLIN, 0};
    poll(&wait, 1, -1);
    std::uint64_t count = 0;
    (void)!read(wake_.get(), &count, sizeof count);
}

std::size_t Copier::Submitter::transfer_size(const Block& block) const {
    return (block.length + kAlignment - 1) / kAlignment * kAlignment;
}

void Copier::Submitter::start_next(Block& block) {
    std::uint64_t number = 0;
    if (!copier_.next_block(number)) return;
    block.offset = number * copier_.options_.block_size;
    block.length =
        std::min<std::uint64_t>(copier_.options_.block_size, copier_.size_ - block.offset);
    io_prep_pread(&block, copier_.source_.descriptor.get(), block.buffer.get(),
                  transfer_size(block), static_cast<long long>(block.offset));
    copier_.queue_.submit(block);
    block.stage = Block::Stage::reading;
    ++busy_;
}

void Copier::Submitter::advance(Block& block) {
    const bool reading = block.stage == Block::Stage::reading;
    const std::size_t expected = reading ? block.length : transfer_size(block);
    block.stage = Block::Stage::idle;
    --busy_;
    if (block.result < 0)
        throw std::system_error(static_cast<int>(-block.result), std::generic_category(),
                                reading ? "reading" : "writing");
    if (static_cast<std::size_t>(block.result) < expected)
        throw std::runtime_error(reading ? "the source became shorter" : "the disk is full");
    (reading ? reads : writes).add(block.finished_at - block.submitted_at);
    if (reading) return write(block);
    bytes += block.length;
    start_next(block);
}

void Copier::Submitter::write(Block& block) {
    const std::size_t size = transfer_size(block);
    std::fill(block.buffer.get() + block.length, block.buffer.get() + size, std::byte{0});
    io_prep_pwrite(&block, copier_.destination_.descriptor.get(), block.buffer.get(), size,
                   static_cast<long long>(block.offset));
    copier_.queue_.submit(block);
    block.stage = Block::Stage::writing;
    ++busy_;
}

}  // namespace aio_copy
