// Stands for navigator.serial, which wants a person to choose a port and hardware to be there. Everything else is the page's
// own. `serialRead` and `serialWrite` are the test's: what a board has sent since, and what it is sent.
{
  let open = false;
  let reading;
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  const stream = () => {
    let cancelled = false;
    return new ReadableStream({
      async pull(controller) {
        while (open && !cancelled) {
          const bytes = await serialRead();
          if (bytes.length) {
            controller.enqueue(new Uint8Array(bytes));
            return;
          }
          await pause();
        }
        controller.close();
      },
      cancel() {
        cancelled = true;
        reading = undefined; // the real one makes another stream after that
      },
    });
  };
  const port = {
    get readable() {
      return open ? (reading ??= stream()) : null;
    },
    writable: null,
    async open() {
      if (open) {
        throw new DOMException("The port is already open.", "InvalidStateError");
      }
      open = true;
      port.writable = new WritableStream({ write: (chunk) => serialWrite([...chunk]) });
    },
    async close() {
      open = false;
      reading = port.writable = null;
    },
    async setSignals() {},
    getInfo: () => ({ usbVendorId: 0x303a, usbProductId: 0x1001 }),
    addEventListener() {},
    removeEventListener() {},
  };
  Object.defineProperty(navigator, "serial", { value: { requestPort: async () => port, getPorts: async () => [port] } });
}
