// Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
use std::{env, io, thread, time::Duration};

fn main() {
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
    let busy = env::var_os("BUSY").is_some();
    for _ in 0..3 {
        thread::spawn(move || loop {
            if !busy {
                thread::sleep(Duration::from_millis(10));
            }
            let _kept: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        });
    }
    println!("ready");
    loop {
        thread::sleep(Duration::from_millis(50));
        println!("tick");
    }
}
