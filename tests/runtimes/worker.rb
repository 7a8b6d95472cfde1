# Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
$stdout.sync = true
$stdin.gets
3.times do
  Thread.new do
    loop do
      sleep 0.01 unless ENV.key?('BUSY')
      Array.new(100, &:to_s)
    end
  end
end
puts 'ready'
loop do
  sleep 0.05
  GC.start
  puts 'tick'
end
