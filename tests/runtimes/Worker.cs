// Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
using System;
using System.Threading;

class Worker {
    static object kept;
    static readonly bool busy = Environment.GetEnvironmentVariable("BUSY") != null;

    static void Work() {
        while (true) {
            if (!busy) Thread.Sleep(10);
            kept = new byte[1000];
        }
    }

    static void Main() {
        Console.ReadLine();
        for (int i = 0; i < 3; i++) {
            var thread = new Thread(Work);
            thread.IsBackground = true;
            thread.Start();
        }
        Console.WriteLine("ready");
        while (true) {
            Thread.Sleep(50);
            GC.Collect();
            Console.WriteLine("tick");
        }
    }
}
