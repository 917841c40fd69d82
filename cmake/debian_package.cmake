# The Debian package: cpack -G DEB --config build/release/CPackConfig.cmake
#
# A package fits the Debian release that it was built on. It depends on the versions of the libraries there.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The chatload authors <chatload@chatload.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "load gzipped JSON lines into MySQL or MariaDB, exactly once")
string(CONCAT CPACK_DEBIAN_PACKAGE_DESCRIPTION
       "chatload is a command-line program that loads gzipped JSON-lines logs into a\n"
       "table of a MySQL or MariaDB database. It loads each file exactly once, and\n"
       "continues after a kill. Each line becomes a row, is kept as a rejected line\n"
       "with its reason, or is counted.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_layout.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, default-mysql-server")
include(CPack)
