# Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
use strict;
use warnings;
use threads;
use Time::HiRes 'sleep';
$| = 1;
<STDIN>;
threads->create(sub { while (1) { sleep 0.01 unless $ENV{BUSY}; my @a = map { "$_" } 1 .. 100; } })->detach for 1 .. 3;
print "ready\n";
while (1) { sleep 0.05; my @a = map { "$_" } 1 .. 100; print "tick\n"; }
