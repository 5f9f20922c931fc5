package proof;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Observations, one JSON object a line, written at once: the JVM may end at any moment. */
final class Events {
    private final FileOutputStream out;

    Events(String path) throws IOException {
        out = new FileOutputStream(path);
    }

    /** Keys and values in turn. */
    synchronized void tell(String event, String... pairs) {
        StringBuilder line = new StringBuilder("{\"event\":").append(quoted(event));
        for (int i = 0; i + 1 < pairs.length; i += 2) {
            line.append(',').append(quoted(pairs[i])).append(':').append(quoted(pairs[i + 1]));
        }
        try {
            out.write(line.append("}\n").toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : String.valueOf(text).toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                quoted.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
