#include "manager.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cstdio>

namespace object_loader {
namespace {

// --read-time and --publish-time stand for real work.
void spend(std::chrono::nanoseconds time) {
    if (time.count() > 0) std::this_thread::sleep_for(time);
}

}  // namespace

ObjectManager::ObjectManager(const Options& options, Strategy strategy, Id size, Hook on_loaded)
    : options_(options),
      strategy_(strategy),
      on_loaded_(std::move(on_loaded)),
      table_(size, options.robust) {
    const bool stay = strategy != Strategy::per_load;
    loaders_ = std::make_unique<Loaders>(table_, stay ? 1 : options.bound, stay,
                                         [this](Id id) { load(id); });
    if (options.robust) supervisor_ = std::thread(&ObjectManager::supervise, this);
}

ObjectManager::~ObjectManager() {
    stopping_ = true;
    if (supervisor_.joinable()) supervisor_.join();
    loaders_.reset();
}

void ObjectManager::load_async(Id id) {
    {
        const Table::Lock lock(table_);
        if (table_.entry(id).state != State::absent) return;
        table_.enqueue(id);
    }
    loaders_->work_has_come();
}

const Object* ObjectManager::load_sync(Id id) {
    if (strategy_ == Strategy::service) return call_service(id);
    if (Loaders::is_loader_thread()) return load_inline(id);
    load_async(id);
    return table_.wait_for(id);
}

// Nothing here asks who is calling. When it is the service thread itself, from a hook, it waits for
// the caller whose object it is loading, or for what only it could do.
const Object* ObjectManager::call_service(Id id) {
    const std::lock_guard one_call(service_call_);
    load_async(id);
    return table_.wait_for(id);
}

// A loader never waits for the queue, only for other loaders that are further down the tree.
const Object* ObjectManager::load_inline(Id id) {
    bool mine = false;
    {
        const Table::Lock lock(table_);
        mine = table_.claim(id);
    }
    if (mine) load(id);
    return table_.wait_for(id);
}

void ObjectManager::load(Id id) {
    std::unique_ptr<Object> object = read_object(options_.directory, id);
    spend(options_.read_time);
    if (!object) return table_.set_state(id, State::failed);
    publish(id, std::move(object));
    if (on_loaded_) on_loaded_(*this, *table_.entry(id).object);
    table_.set_state(id, State::ready);
}

void ObjectManager::publish(Id id, std::unique_ptr<Object> object) {
    const Table::Lock lock(table_);
    spend(options_.publish_time);
    Entry& entry = table_.entry(id);
    // A loader that was lost in its hook has published it already, and somebody may be using it.
    if (entry.object == nullptr) entry.object = object.release();
    entry.state = State::loaded;
}

// Robust mode's part, together with the robust lock.
void ObjectManager::supervise() {
    pthread_setname_np(pthread_self(), "supervisor");
    while (!stopping_) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        const unsigned lost = loaders_->replace_lost();
        if (lost == 0) continue;
        lost_ += lost;
        std::printf("%u loader(s) gone: what they had begun is loaded again\n", lost);
    }
}

}  // namespace object_loader
