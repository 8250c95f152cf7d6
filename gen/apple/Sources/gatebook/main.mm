#include "bindings/bindings.h"

int main(int argc, char *argv[]) {
  ffi::gatebook_background_register();
  ffi::start_app();
  return 0;
}
