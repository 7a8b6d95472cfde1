-- Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
import Control.Concurrent
import Control.Monad
import Foreign.C.Types
import Data.IORef
import Data.Maybe
import System.Environment
import System.IO
import System.Mem

foreign import ccall safe "usleep" usleep :: CUInt -> IO CInt

main :: IO ()
main = do
  hSetBuffering stdout LineBuffering
  _ <- getLine
  busy <- isJust <$> lookupEnv "BUSY"
  replicateM_ 3 $ forkOS $ do
    count <- newIORef (0 :: Int)
    forever $ do
      unless busy $ void $ usleep 10000
      modifyIORef' count (+ 1)
      n <- readIORef count
      when (length (show [n .. n + 100]) < 1) $ putStrLn "never"
  putStrLn "ready"
  forever $ do
    threadDelay 50000
    performGC
    putStrLn "tick"
