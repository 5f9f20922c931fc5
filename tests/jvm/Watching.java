package proof;

import java.util.Set;
import jdk.internal.org.objectweb.asm.ClassReader;
import jdk.internal.org.objectweb.asm.ClassVisitor;
import jdk.internal.org.objectweb.asm.ClassWriter;
import jdk.internal.org.objectweb.asm.Handle;
import jdk.internal.org.objectweb.asm.Label;
import jdk.internal.org.objectweb.asm.MethodVisitor;
import jdk.internal.org.objectweb.asm.Opcodes;
import jdk.internal.org.objectweb.asm.Type;

/** Rewrites a class so that {@link Sites} hears of its calls, its writes, and the objects it gets and returns. */
final class Watching extends ClassVisitor {
    private static final String SITES = "proof/Sites";
    private static final Set<String> USES =
            Set.of("lock", "acquire", "writeLock", "readLock", "start", "close", "shutdown", "cancel");
    private static final Set<String> LOOKUPS = Set.of("loadClass", "forName", "load", "getBundle", "getResource");
    private String type;

    private Watching(ClassVisitor next) {
        super(Opcodes.ASM8, next);
    }

    static byte[] watched(byte[] bytes) {
        ClassReader reader = new ClassReader(bytes);
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(new Watching(writer), 0);
        return writer.toByteArray();
    }

    @Override
    public void visit(int version, int access, String name, String signature, String parent, String[] interfaces) {
        type = name.replace('/', '.');
        super.visit(version, access, name, signature, parent, interfaces);
    }

    @Override
    public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] thrown) {
        boolean isClose = name.equals("close") && descriptor.equals("()V")
                && (access & (Opcodes.ACC_STATIC | Opcodes.ACC_ABSTRACT)) == 0;
        return new Calls(super.visitMethod(access, name, descriptor, signature, thrown), type + "#" + name, isClose);
    }

    private static final class Calls extends MethodVisitor {
        private final String method;
        private int line;
        /** Objects that are made and not yet constructed: without one, a constructor call is that of a superclass. */
        private int pending;
        /** Whether it closes its object; who calls it may not be watched. */
        private final boolean isClose;

        Calls(MethodVisitor next, String method, boolean isClose) {
            super(Opcodes.ASM8, next);
            this.method = method;
            this.isClose = isClose;
        }

        @Override
        public void visitCode() {
            super.visitCode();
            if (isClose) {
                super.visitVarInsn(Opcodes.ALOAD, 0);
                tell("closed", "(Ljava/lang/Object;Ljava/lang/String;)V");
            }
        }

        @Override
        public void visitLineNumber(int number, Label start) {
            line = number;
            super.visitLineNumber(number, start);
        }

        @Override
        public void visitTypeInsn(int opcode, String operand) {
            pending += opcode == Opcodes.NEW ? 1 : 0;
            if (opcode == Opcodes.CHECKCAST) {
                tell("reached", "(Ljava/lang/String;)V");
            }
            super.visitTypeInsn(opcode, operand);
        }

        @Override
        public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            if (opcode == Opcodes.PUTFIELD || opcode == Opcodes.PUTSTATIC) {
                tell("reached", "(Ljava/lang/String;)V");
            }
            super.visitFieldInsn(opcode, owner, name, descriptor);
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode >= Opcodes.IASTORE && opcode <= Opcodes.SASTORE || opcode == Opcodes.ARETURN) {
                tell("reached", "(Ljava/lang/String;)V");
            }
            super.visitInsn(opcode);
        }

        @Override
        public void visitInvokeDynamicInsn(String name, String descriptor, Handle bootstrap, Object... arguments) {
            tell("reached", "(Ljava/lang/String;)V");
            super.visitInvokeDynamicInsn(name, descriptor, bootstrap, arguments);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            tell("reached", "(Ljava/lang/String;)V");
            if (LOOKUPS.contains(name)) {
                tell("lookup", "(Ljava/lang/String;)V");
            }
            if (opcode != Opcodes.INVOKESTATIC && descriptor.startsWith("()") && USES.contains(name)) {
                super.visitInsn(Opcodes.DUP);
                tell(name.equals("close") ? "closed" : "got", "(Ljava/lang/Object;Ljava/lang/String;)V");
            }
            super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
            if (name.equals("<init>")) {
                if (pending > 0) {
                    pending--;
                    super.visitInsn(Opcodes.DUP);
                    tell("made", "(Ljava/lang/Object;Ljava/lang/String;)V");
                }
            } else if (Type.getReturnType(descriptor).getSort() == Type.OBJECT) {
                super.visitInsn(Opcodes.DUP);
                tell("got", "(Ljava/lang/Object;Ljava/lang/String;)V");
            }
        }

        private void tell(String what, String descriptor) {
            super.visitLdcInsn(method + ":" + line);
            super.visitMethodInsn(Opcodes.INVOKESTATIC, SITES, what, descriptor, false);
        }
    }
}
