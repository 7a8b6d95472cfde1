// A hand-made "initialise once": the first thread that comes marks the table as being loaded, the
// others wait until it is. When the first ends while it loads, nobody takes its place.
#include "flaw.hpp"

#include <fcntl.h>

unsigned table[16];
int source = -1;

#ifdef FIXED
pthread_once_t table_once = PTHREAD_ONCE_INIT;
#else
enum class TableState { untouched, loading, loaded };
pthread_mutex_t table_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t table_loaded = PTHREAD_COND_INITIALIZER;
TableState table_state = TableState::untouched;  // guarded by table_mutex
#endif

namespace {

void load_table() {
    for (unsigned& entry : table)
        if (read(source, &entry, sizeof entry) != sizeof entry) flaw::fatal("table", errno);
}

void need_table() {
#ifdef FIXED
    pthread_once(&table_once, load_table);
#else
    {
        const flaw::Lock lock(table_mutex);
        if (table_state != TableState::untouched) {
            while (table_state != TableState::loaded)
                pthread_cond_wait(&table_loaded, &table_mutex);
            return;
        }
        table_state = TableState::loading;
    }
    load_table();
    const flaw::Lock lock(table_mutex);
    table_state = TableState::loaded;
    pthread_cond_broadcast(&table_loaded);
#endif
}

void* worker(void* /*unused*/) {
    for (unsigned value = 1;;) {
        need_table();
        value = flaw::compute(value + table[value % 16]);
        flaw::nap(3);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "workers that share a table, loaded by the first that needs it");
    source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (source < 0) flaw::fatal("/dev/urandom", errno);
    pthread_t workers[3];
    for (pthread_t& thread : workers)
        thread = flaw::start("worker", worker);
    flaw::ready();
    for (const pthread_t thread : workers)
        pthread_join(thread, nullptr);
}
