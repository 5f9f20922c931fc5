package proof;

import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;

/** Deregisters the drivers of the loader that defines this class, as Tomcat does with a web application's. */
public final class DriverSweep {
    private DriverSweep() {}

    public static void sweep() throws SQLException {
        for (Driver driver : DriverManager.drivers().toList()) {
            if (driver.getClass().getClassLoader() == DriverSweep.class.getClassLoader()) {
                DriverManager.deregisterDriver(driver);
            }
        }
    }
}
