package lib;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/** Beans in the JVM's server, and whether a name that is taken is a harm. */
public final class Beans {
    private Beans() {}

    static void shown(String name) throws JMException {
        var bean = new StandardMBean(System.out::flush, Runnable.class);
        ManagementFactory.getPlatformMBeanServer().registerMBean(bean, new ObjectName(name)); // says: mbean-name-in-use note; mbean-not-unregistered note
    }

    static void needed(String name) throws JMException {
        var bean = new StandardMBean(System.out::flush, Runnable.class);
        ManagementFactory.getPlatformMBeanServer().registerMBean(bean, new ObjectName(name)); // says: mbean-name-in-use warning; mbean-not-unregistered note
    }

    public static void show(String name) {
        try {
            shown(name);
        } catch (JMException e) {
            System.err.println(e.getMessage());
        }
    }

    public static void need(String name) {
        try {
            needed(name);
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }
}
