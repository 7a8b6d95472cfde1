%% Says what its main process still does; the threads are the schedulers.
-module(worker).
-export([main/0]).

main() ->
    io:get_line(""),
    [spawn(fun work/0) || _ <- lists:seq(1, 3)],
    io:format("ready~n"),
    tick().

work() ->
    case os:getenv("BUSY") of
        false -> timer:sleep(10);
        _ -> ok
    end,
    _ = [integer_to_list(I) || I <- lists:seq(1, 100)],
    work().

tick() ->
    timer:sleep(50),
    erlang:garbage_collect(),
    io:format("tick~n"),
    tick().
