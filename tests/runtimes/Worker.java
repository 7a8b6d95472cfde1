// Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
class Worker {
    static volatile Object kept;

    static final boolean BUSY = System.getenv("BUSY") != null;

    static void work() {
        while (true) {
            try {
                if (!BUSY) Thread.sleep(10);
            } catch (InterruptedException e) {
                return;
            }
            kept = new byte[1000];
        }
    }

    public static void main(String[] arguments) throws Exception {
        while (System.in.read() != '\n') {
        }
        for (int i = 0; i < 3; i++) {
            Thread thread = new Thread(Worker::work, "worker-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        System.out.println("ready");
        while (true) {
            Thread.sleep(50);
            System.gc();
            System.out.println("tick");
        }
    }
}
