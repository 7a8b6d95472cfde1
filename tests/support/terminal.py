"""A terminal of 80 by 24 that a test types into and reads: tmux."""
import os
import subprocess
import time

PATIENCE = 60  # for a busy machine; a passing test does not wait for it


class Terminal:
    """A shell in a terminal; `dies` with the test."""

    SHELL = "env PS1='$ ' bash --norc --noprofile -i"  # tmux's own, which is not interactive, drops PS1

    def __init__(self, directory, shell=SHELL, **environment):
        self.socket = str(directory / "tmux")
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("NO_COLOR", "TMUX", "LC_ALL", "LC_CTYPE")}
        self.environment = {**clean, "LANG": "C.UTF-8", "HISTFILE": "", **environment}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", shell)

    def tmux(self, *words):
        return subprocess.run([os.environ["TMUX_COMMAND"], "-S", self.socket, *words], env=self.environment,
                              capture_output=True, check=True, encoding="utf-8").stdout

    def close(self):
        self.tmux("kill-server")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def enter(self, command):
        self.tmux("send-keys", "-l", command)
        self.tmux("send-keys", "Enter")

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def flag(self, name):
        return self.tmux("display-message", "-p", "#{" + name + "}").strip() == "1"

    def wait_until(self, condition, what):
        """The screen, once `condition` holds of it."""
        end = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            if condition(screen):
                return screen
            assert time.monotonic() < end, f"{what} was not seen:\n{screen}"
            time.sleep(0.02)

    def wait_for(self, text):
        return self.wait_until(lambda screen: text in screen, repr(text))

    def wait_for_no(self, text):
        return self.wait_until(lambda screen: text not in screen, f"a screen without {text!r}")
