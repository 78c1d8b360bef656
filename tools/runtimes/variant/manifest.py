include("$(MPY_DIR)/extmod/asyncio")
package("requests", base_path="$(MPY_LIB_DIR)/micropython/requests")  # stock ones, which tests compare with
package("mip", base_path="$(MPY_LIB_DIR)/python-ecosys/mip")
