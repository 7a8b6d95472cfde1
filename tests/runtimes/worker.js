// Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) {
  process.stdin.once('data', () => {
    let online = 0;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(__filename);
      worker.on('online', () => {
        if (++online === 3) console.log('ready');
      });
      worker.on('error', () => {});
    }
    setInterval(() => {
      if (global.gc) global.gc();
      console.log('tick');
    }, 50);
  });
} else {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    if (!process.env.BUSY) Atomics.wait(cell, 0, 0, 10);
    Array.from({ length: 100 }, (_, i) => String(i));
  }
}
