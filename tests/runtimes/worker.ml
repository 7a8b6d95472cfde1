(* Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does. *)
let busy = Sys.getenv_opt "BUSY" <> None

let rec work () =
  if not busy then Thread.delay 0.01;
  ignore (List.init 100 string_of_int);
  work ()

let rec tick () =
  Thread.delay 0.05;
  Gc.full_major ();
  print_endline "tick";
  tick ()

let () =
  ignore (read_line ());
  for _ = 1 to 3 do
    ignore (Thread.create work ())
  done;
  print_endline "ready";
  tick ()
