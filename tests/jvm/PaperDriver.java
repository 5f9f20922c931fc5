package proof;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverPropertyInfo;
import java.util.Properties;
import java.util.logging.Logger;

/** A database at {@code jdbc:none:} that answers every question with nothing. */
public final class PaperDriver implements Driver {
    @Override
    public Connection connect(String url, Properties properties) {
        return acceptsURL(url) ? (Connection) answer(Connection.class, null) : null;
    }

    @Override
    public boolean acceptsURL(String url) {
        return url.startsWith("jdbc:none:");
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
        return new DriverPropertyInfo[0];
    }

    @Override
    public int getMajorVersion() {
        return 1;
    }

    @Override
    public int getMinorVersion() {
        return 0;
    }

    @Override
    public boolean jdbcCompliant() {
        return false;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    /** Whether the object is one of this database's. */
    static boolean isOwn(Object o) {
        return Proxy.isProxyClass(o.getClass()) && Proxy.getInvocationHandler(o) instanceof Answers;
    }

    /** Whether it, and what it was made by, is still open: closing a connection closes its statements. */
    static boolean isOpen(Object o) {
        for (Answers each = (Answers) Proxy.getInvocationHandler(o); each != null; each = each.maker) {
            if (each.isClosed) {
                return false;
            }
        }
        return true;
    }

    private static Object answer(Class<?> type, Answers maker) {
        if (type.isInterface()) {
            return Proxy.newProxyInstance(PaperDriver.class.getClassLoader(), new Class<?>[] {type}, new Answers(maker));
        }
        return type == boolean.class ? (Object) false : type == int.class ? (Object) 0 : null;
    }

    private static final class Answers implements InvocationHandler {
        private final Answers maker;
        private boolean isClosed;

        Answers(Answers maker) {
            this.maker = maker;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) {
            switch (method.getName()) {
                case "hashCode":
                    return System.identityHashCode(proxy);
                case "equals":
                    return proxy == arguments[0];
                case "close":
                    isClosed = true;
                    return null;
                default:
                    return answer(method.getReturnType(), this);
            }
        }
    }
}
